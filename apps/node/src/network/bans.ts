import { errorText } from '@devp2p/appkit';
import type { Clock } from '@devp2p/clock';
import { type BanList, createBanList } from '@devp2p/connmgr';
import { NodeError } from '../errors/node-error.ts';
import type { Log } from '../logging/log.ts';
import type { BanStore } from '../storage/addresses.ts';

/** @see openBans */
interface KeptBans {
  readonly bans: BanList;
  /** Resolves when all previous changes are stored. */
  saved(): Promise<void>;
}

/**
 * The ban list that a store has, and keeps.
 *
 * @throws NodeError `bans-unusable`
 */
export async function openBans(store: BanStore, clock: Clock, log: Log): Promise<KeptBans> {
  let saving = Promise.resolve();
  let isDue = false;
  const save = (): void => {
    if (isDue) return;
    isDue = true;
    saving = saving.then(async () => {
      isDue = false;
      await store.save(bans.entries()).catch((error: unknown) => log.error({ error }, 'bans are not saved'));
    });
  };
  const entries = await store.load();
  const bans = createBanList({ clock, onChange: save });
  try {
    bans.restore(entries);
  } catch (cause) {
    throw new NodeError('bans-unusable', `invalid ban list: ${errorText(cause)}`, {
      cause,
    });
  }
  return { bans, saved: () => saving };
}

import type { Timer } from '@devp2p/clock';
import { methods, positive, type Rules, required } from '@devp2p/options';
import { AddrMan } from '../addrman.ts';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { AddrManError } from '../error.ts';
import { type AddrManOptions, addrManRules, withDefaults } from '../options.ts';

/** Where a snapshot survives a restart. */
export interface AddrStore {
  /** What `save` was given last; `undefined` when there is nothing. */
  load(): Promise<Uint8Array | undefined>;
  /** Replaces it, as a whole or, whatever happens meanwhile, not at all. */
  save(snapshot: Uint8Array): Promise<void>;
  /** Puts what `load` gave where `save` does not overwrite it. */
  setAside(snapshot: Uint8Array): Promise<void>;
}

/** {@link AddrManOptions}, and where it is kept. */
export interface OpenAddrManOptions extends Omit<AddrManOptions, 'snapshot'> {
  readonly store: AddrStore;
  /** Time between two snapshots, in ms. @default 900000, as Bitcoin Core (`DUMP_PEERS_INTERVAL`) */
  readonly saveInterval?: number | undefined;
}

const rules: Rules<OpenAddrManOptions> = {
  ...addrManRules,
  store: required(methods('load', 'save', 'setAside')),
  saveInterval: positive,
};

/** An {@link AddrMan} that keeps itself in a store. */
export class StoredAddrMan extends AddrMan implements AsyncDisposable {
  readonly #options: OpenAddrManOptions;
  readonly #schedule: () => Timer;
  #timer: Timer;
  /** Saves run one after another: a store may be slower than its caller. */
  #saving: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** Use `openAddrMan`. */
  constructor(options: OpenAddrManOptions, snapshot: Uint8Array | undefined) {
    const { store: _, saveInterval: interval = 15 * 60_000, ...settings } = options;
    super({ ...settings, snapshot });
    this.#options = options;
    const { clock } = withDefaults(settings);
    this.#schedule = () =>
      clock.setTimeout(() => {
        void this.save()
          .catch((error: unknown) => publish({ event: 'save-failed', error }))
          .then(() => {
            if (!this.#closed) this.#timer = this.#schedule();
          });
      }, interval);
    this.#timer = this.#schedule();
  }

  /** Saves a snapshot now. Rejects with what the store rejects with. */
  save(): Promise<void> {
    const saved = this.#saving.then(async () => {
      const snapshot = this.snapshot();
      await this.#options.store.save(snapshot);
      publish({ event: 'saved', bytes: snapshot.length });
    });
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Saves for the last time. Rejects with what the store rejects with; nothing runs any more in any case. */
  close(): Promise<void> {
    this.#timer.cancel();
    this.#closed ??= this.save();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * The address manager that a store has, or an empty one; it saves itself every 15 minutes and when it is closed. A
 * snapshot of a later version is set aside. With a damaged one, nothing is done and nothing is overwritten: what to do
 * about it is for people to decide.
 *
 * @throws `invalid-option`, `corrupt-snapshot`, and what the store throws
 */
export async function openAddrMan(options: OpenAddrManOptions): Promise<StoredAddrMan> {
  check.options('openAddrMan', options, rules);
  const snapshot = await options.store.load();
  try {
    return new StoredAddrMan(options, snapshot);
  } catch (error) {
    const isNewer = error instanceof AddrManError && error.code === 'newer-snapshot';
    if (!isNewer || snapshot === undefined) throw error;
    await options.store.setAside(snapshot);
    publish({ event: 'set-aside', error });
    return new StoredAddrMan(options, undefined);
  }
}

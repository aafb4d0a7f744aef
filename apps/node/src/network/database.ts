import { join } from 'node:path';
import type { AddrStore } from '@devp2p/addrman';
import type { AnchorStore, BanEntry } from '@devp2p/connmgr';
import { type Enode, formatEnode, formatIpRange, parseEnode, parseIpRange } from '@devp2p/enr';
import { NodeError } from '../error.ts';
import { openLevel } from '../level.ts';
import { errorText } from '../log.ts';

/** What a node remembers of others' addresses. */
export interface NetworkDatabase {
  readonly addresses: AddrStore;
  readonly anchors: AnchorStore<Enode>;
  readonly bans: BanStore;
  close(): Promise<void>;
}

/** Where bans outlive the program. */
interface BanStore {
  /** @throws NodeError `bans-unusable`, which names the entry */
  load(): Promise<BanEntry[]>;
  save(entries: readonly BanEntry[]): Promise<void>;
}

/** A ban as it is stored. */
interface StoredBan {
  readonly kind: BanEntry['kind'];
  /** Such as `192.0.2.0/24`. */
  readonly range: string;
  /** ms since the Unix epoch. */
  readonly until: number;
  readonly reason: string;
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens the database of addresses in a data directory, which is made if need be.
 *
 * @throws NodeError `addresses-unusable`
 */
export async function openNetworkDatabase(datadir: string): Promise<NetworkDatabase> {
  const location = join(datadir, 'addresses');
  const level = await openLevel(location, 'addresses-unusable', {
    name: 'address database',
    remedy: 'remove it, and addresses are found anew',
  });
  // What was said to be stored has to outlive the machine's end too.
  const durable = { sync: true };
  const readJson = async (key: string): Promise<unknown> => {
    const value = await level.get(key);
    return value && JSON.parse(decoder.decode(value));
  };
  const writeJson = (key: string, value: unknown): Promise<void> =>
    level.put(key, utf8.encode(JSON.stringify(value)), durable);
  return {
    addresses: {
      async load() {
        const snapshot = await level.get('addresses');
        return snapshot && new Uint8Array(snapshot);
      },
      save: (snapshot) => level.put('addresses', snapshot, durable),
      setAside: (snapshot) => level.put(`addresses set aside ${Date.now()}`, snapshot, durable),
    },
    anchors: {
      async take() {
        const urls = await readJson('anchors');
        await level.del('anchors', durable);
        if (!Array.isArray(urls)) return [];
        return urls.map((url) => parseEnode(String(url)));
      },
      save: (anchors) => writeJson('anchors', anchors.map(formatEnode)),
    },
    bans: {
      async load() {
        let at = 'list';
        try {
          const stored = (await readJson('bans')) ?? [];
          if (!Array.isArray(stored)) throw new Error('no list');
          return stored.map((ban: StoredBan, i) => {
            at = `entry ${i + 1} (${JSON.stringify(ban)})`;
            return { ...ban, range: parseIpRange(ban.range) };
          });
        } catch (error) {
          throw new NodeError(
            'bans-unusable',
            `the ban ${at} in ${location} makes no sense (${errorText(error)}): nothing was changed`,
            { cause: error },
          );
        }
      },
      save: (entries) =>
        writeJson(
          'bans',
          entries.map((ban): StoredBan => ({ ...ban, range: formatIpRange(ban.range) })),
        ),
    },
    close: () => level.close(),
  };
}

import { join } from 'node:path';
import type { AddrStore } from '@devp2p/addrman';
import { errorText } from '@devp2p/appkit';
import type { AnchorStore, BanEntry } from '@devp2p/connmgr';
import { type Enode, formatEnode, parseEnode } from '@devp2p/enr';
import { formatIpRange, parseIpRange } from '@devp2p/ip';
import { NodeError } from '../errors/node-error.ts';
import { openStore } from './store.ts';

/** The stored addresses of other nodes. */
export interface NetworkDatabase {
  readonly addresses: AddrStore;
  readonly anchors: AnchorStore<Enode>;
  readonly bans: BanStore;
  close(): Promise<void>;
}

/** Storage of bans. */
export interface BanStore {
  /** @throws NodeError `bans-unusable`, which names the entry */
  load(): Promise<BanEntry[]>;
  save(entries: readonly BanEntry[]): Promise<void>;
}

/** A ban as it is stored. */
interface StoredBan {
  readonly kind: BanEntry['kind'];
  /** In CIDR notation, such as `192.0.2.0/24`. */
  readonly range: string;
  /** In ms since the Unix epoch. */
  readonly until: number;
  readonly reason: string;
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens the database of addresses in a data directory, and creates it if it does not exist.
 *
 * @throws NodeError `addresses-unusable`, `datadir-in-use`
 */
export async function openNetworkDatabase(datadir: string): Promise<NetworkDatabase> {
  const store = await openStore({
    location: join(datadir, 'addresses'),
    name: 'address database',
    code: 'addresses-unusable',
    remedy: 'move it away to go on without the addresses and bans in it',
  });
  // A completed write must survive a crash of the system too.
  const durable = { sync: true };
  const setAside = (key: string, value: Uint8Array): Promise<void> =>
    store.put(`${key} set aside ${Date.now()}`, value, durable);
  const readJson = (value: Uint8Array): unknown => JSON.parse(decoder.decode(value));
  const writeJson = (key: string, value: unknown): Promise<void> =>
    store.put(key, utf8.encode(JSON.stringify(value)), durable);
  return {
    addresses: {
      load: () => store.get('addresses'),
      save: (snapshot) => store.put('addresses', snapshot, durable),
      setAside: (snapshot) => setAside('addresses', snapshot),
    },
    anchors: {
      async take() {
        const value = await store.get('anchors');
        if (value === undefined) return [];
        try {
          return (readJson(value) as unknown[]).map((url) => parseEnode(String(url)));
        } catch (cause) {
          await setAside('anchors', value);
          throw new NodeError(
            'addresses-unusable',
            `the anchors in ${store.location} make no sense (${errorText(cause)}): they are set aside`,
            { cause },
          );
        } finally {
          await store.delete('anchors', durable);
        }
      },
      save: (anchors) => writeJson('anchors', anchors.map(formatEnode)),
    },
    bans: {
      async load() {
        const value = await store.get('bans');
        if (value === undefined) return [];
        let at = 'list';
        try {
          const stored = readJson(value);
          if (!Array.isArray(stored)) throw new Error('no list');
          return stored.map((ban: StoredBan, i) => {
            at = `entry ${i + 1} (${JSON.stringify(ban)})`;
            return { ...ban, range: parseIpRange(ban.range) };
          });
        } catch (error) {
          throw new NodeError(
            'bans-unusable',
            `invalid ban ${at} in ${store.location} (${errorText(error)}); the database is unchanged`,
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
    close: () => store.close(),
  };
}

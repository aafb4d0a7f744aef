import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { AccountChange } from '../../../src/execution/state/interfaces.ts';
import { createMemoryDatabase } from '../../../src/execution/state/memory-database.ts';
import { type StateSettings, storeOf } from '../../../src/execution/state/open-state-store.ts';
import { sublevels } from '../../../src/execution/state/schema.ts';
import type { StateBatch, StateDatabase } from '../../../src/execution/state/state-database.ts';
import type { StateStore } from '../../../src/execution/state/state-store.ts';
import { emptyTrieRoot } from '../../../src/validation/empty-roots.ts';
import { addressOf, blockHash } from './model.ts';

export const genesis = {
  header: { number: 0, hash: blockHash(0), stateRoot: emptyTrieRoot } as never,
  accounts: [],
  source: 'test',
};

/** A store on a database in memory, or on another one. */
export function storeOn(
  database: StateDatabase = createMemoryDatabase(),
  settings: StateSettings = {},
): Promise<StateStore> {
  return storeOf(database, { genesis, crypto, ...settings });
}

const noCode = crypto.keccak256(new Uint8Array(0));

/** A change of one account. */
export function change(
  index: number,
  balance: bigint | undefined,
  {
    slots = {},
    isCleared = false,
    code,
  }: { slots?: Record<number, bigint>; isCleared?: boolean; code?: Uint8Array } = {},
): AccountChange {
  return {
    address: addressOf(index),
    account:
      balance === undefined
        ? undefined
        : { nonce: 1n, balance, codeHash: code === undefined ? noCode : crypto.keccak256(code) },
    code,
    isStorageCleared: isCleared,
    storage: new Map(Object.entries(slots).map(([slot, value]) => [BigInt(slot), value])),
  };
}

/** Adds a chain of blocks on `parent`, each with a change of an account, and returns their hashes. */
export function extend(store: StateStore, parent: number, blocks: readonly number[]): void {
  let number = [...store.ancestors()].length - 1;
  let at = parent;
  for (const index of blocks) {
    number++;
    store.apply(blockHash(at), { number, hash: blockHash(index) }, [
      change(index % 50, BigInt(index), { slots: { [index]: 5n } }),
    ]);
    at = index;
  }
}

/** A database whose writes fail while `isFull`, and that has applied them nevertheless if `isApplied`. */
export interface FaultyDatabase extends StateDatabase {
  isFull: boolean;
  isApplied: boolean;
  /** Writes until it is full. */
  room: number;
  /** Called during each write. */
  onWrite: () => void;
}

export function faultyDatabase(database: StateDatabase = createMemoryDatabase()): FaultyDatabase {
  const faulty: FaultyDatabase = {
    ...database,
    isFull: false,
    isApplied: false,
    room: Number.POSITIVE_INFINITY,
    onWrite: () => {},
    batch: (): StateBatch => {
      const batch = database.batch();
      return {
        ...batch,
        write: async () => {
          faulty.onWrite();
          if (faulty.room-- <= 0) faulty.isFull = true;
          if (!faulty.isFull || faulty.isApplied) await batch.write();
          if (faulty.isFull) throw new Error('no space left on device');
        },
      };
    },
  };
  return faulty;
}

/** Keys of a part of a database. */
export function keysOf(database: StateDatabase, kind: keyof typeof sublevels): Promise<Uint8Array[]> {
  return database.keys(sublevels[kind].all, 100_000);
}

/** Changes one record. @param value absent to remove it */
export async function overwrite(
  database: StateDatabase,
  key: Uint8Array,
  value: Uint8Array | undefined,
): Promise<void> {
  const batch = database.batch();
  if (value === undefined) batch.del(key);
  else batch.put(key, value);
  await batch.write();
}

import type { Hasher } from '@devp2p/eth';
import { createMemoryDatabase } from './memory-database.ts';
import { prepareState, readPosition, type StateGenesis } from './open-state.ts';
import { openStateDatabase, type StateDatabase } from './state-database.ts';
import { StateStore } from './state-store.ts';

/** Settings of a {@link StateStore}. */
export interface StateSettings {
  /** Blocks that the state can go back without executing any. @default 128, go-ethereum's number of recent states */
  readonly historyDepth?: number | undefined;
  /** Memory of the caches in bytes. @default 32 MiB */
  readonly cacheSize?: number | undefined;
  /** Uncommitted blocks above the database from which on {@link StateStore.isCommitDue}. @default 32 */
  readonly commitBlocks?: number | undefined;
  /** The same in bytes. @default 8 MiB */
  readonly commitBytes?: number | undefined;
  /** States in memory, on all branches together. @default 1024 */
  readonly maxStates?: number | undefined;
  /** Memory of those states in bytes, about. @default 256 MiB */
  readonly maxStateBytes?: number | undefined;
}

/** @see createStateStore */
export interface StateStoreOptions extends StateSettings {
  /** The first block, and its accounts unless the database exists. */
  readonly genesis: StateGenesis;
  readonly crypto: Hasher;
}

const mebibyte = 1024 * 1024;
const defaults = {
  historyDepth: 128,
  cacheSize: 32 * mebibyte,
  commitBlocks: 32,
  commitBytes: 8 * mebibyte,
  maxStates: 1024,
  maxStateBytes: 256 * mebibyte,
} satisfies FullStateSettings;

/** Settings with their defaults. */
export type FullStateSettings = { readonly [Name in keyof StateSettings]-?: number };

/**
 * Opens the state of a chain in a directory. An empty one receives the genesis state.
 *
 * @throws StateError `in-use`, `unusable`, `other-genesis`, `other-format`, `genesis-accounts`, `corrupt`
 */
export async function openStateStore({
  location,
  ...options
}: StateStoreOptions & { readonly location: string }): Promise<StateStore> {
  return storeOf(await openStateDatabase(location), options);
}

/**
 * Creates the state of a chain in memory, at its genesis.
 *
 * @throws StateError `genesis-accounts`
 */
export function createStateStore(options: StateStoreOptions): Promise<StateStore> {
  return storeOf(createMemoryDatabase(), options);
}

/** The state of a chain in a database, which is closed with it, and if it cannot be used. */
export async function storeOf(
  database: StateDatabase,
  { genesis, crypto, ...settings }: StateStoreOptions,
): Promise<StateStore> {
  try {
    await prepareState(database, genesis, crypto);
    const position = await readPosition(database);
    const store = new StateStore(database, crypto, { ...defaults, ...withoutUndefined(settings) }, position);
    await store.prepare();
    return store;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function withoutUndefined(settings: StateSettings): Partial<FullStateSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

import { levelProblem } from '@devp2p/appkit/level';
import { Level } from 'level';
import { ChainError } from '../errors/chain-error.ts';

/** One change of a {@link Database}. */
export type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export function put(key: Uint8Array, value: Uint8Array): Change {
  return { type: 'put', key, value };
}

export function del(key: Uint8Array): Change {
  return { type: 'del', key };
}

/** A range of keys: `from` and everything up to `to`, which is left out. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Reads of one state of the database: the current one, or a snapshot's. */
export interface Reading {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  hasMany(keys: readonly Uint8Array[]): Promise<boolean[]>;
  /** The first entries of a range, in the order of their keys. */
  entries(range: KeyRange, limit: number): Promise<[key: Uint8Array, value: Uint8Array][]>;
  /** The first keys of a range, ascending. */
  firstKeys(range: KeyRange, limit: number): Promise<Uint8Array[]>;
  /** The first values of a range, in the order of their keys. */
  firstValues(range: KeyRange, limit: number): Promise<Uint8Array[]>;
}

/**
 * A LevelDB with bytes as keys and values, whose failures are {@link ChainError}s. One thread owns it, and its parts
 * are sublevels.
 */
export interface Database extends Reading {
  readonly location: string;
  /** Applies all changes, or none if the process or the disk fails. */
  batch(changes: readonly Change[]): Promise<void>;
  /** Removes a range; not atomic. */
  clear(range: KeyRange): Promise<void>;
  /** Runs reads on a snapshot. */
  withSnapshot<T>(read: (snapshot: Reading) => Promise<T>): Promise<T>;
  /** Bytes that a range takes on disk, about; recent writes are not counted. */
  sizeOnDisk(range: KeyRange): Promise<number>;
  /** Returns the disk space of removed entries in a range to the file system. */
  compact(range: KeyRange): Promise<void>;
  close(): Promise<void>;
}

/** Memory for recent writes, in bytes; LevelDB may hold twice that. */
const writeBufferSize = 4 * 1024 * 1024;
/** Memory for recent reads, in bytes. */
const cacheSize = 16 * 1024 * 1024;
/**
 * Size of a table file in bytes; with LevelDB's 2 MiB there would be thousands. Files are mapped, and a compaction has
 * some of them in memory as a whole.
 */
const maxFileSize = 8 * 1024 * 1024;
/** Bytes that an iterator reads at once: a peer's request for headers takes one step. */
const highWaterMarkBytes = 1024 * 1024;

/**
 * Opens the database in a directory, and creates both if they are missing.
 *
 * @throws ChainError `in-use`, `unusable`, `corrupt`
 */
export async function openDatabase(location: string): Promise<Database> {
  const level = new Level<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize,
    cacheSize,
    maxFileSize,
  });
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw asChainError(error, location);
    }
  };
  const reading = (options: { snapshot?: ReturnType<typeof level.snapshot> }): Reading => ({
    get: async (key) => asView(await guard(() => level.get(key, options))),
    getMany: async (keys) => (await guard(() => level.getMany([...keys], options))).map(asView),
    hasMany: (keys) => guard(() => level.hasMany([...keys], options)),
    entries: async ({ from, to }, limit) => {
      const range = { gte: from, lt: to, limit, highWaterMarkBytes, fillCache: true, ...options };
      const entries = await guard(() => level.iterator(range).all());
      return entries.map(([key, value]) => [asView(key), asView(value)]);
    },
    firstKeys: async ({ from, to }, limit) => {
      const range = { gte: from, lt: to, limit, ...options };
      return (await guard(() => level.keys(range).all())).map(asView);
    },
    firstValues: async ({ from, to }, limit) => {
      const range = { gte: from, lt: to, limit, highWaterMarkBytes, fillCache: true, ...options };
      return (await guard(() => level.values(range).all())).map(asView);
    },
  });
  await guard(() => level.open());
  return {
    ...reading({}),
    location,
    batch: (changes) => guard(() => level.batch([...changes])),
    clear: ({ from, to }) => guard(() => level.clear({ gte: from, lt: to })),
    withSnapshot: async (read) => {
      const snapshot = await guard(async () => level.snapshot());
      try {
        return await read(reading({ snapshot }));
      } finally {
        await snapshot.close();
      }
    },
    sizeOnDisk: ({ from, to }) => guard(() => classicLevel(level).approximateSize(from, to)),
    compact: ({ from, to }) => guard(() => classicLevel(level).compactRange(from, to)),
    close: () => guard(() => level.close()),
  };
}

/** Methods that `Level` has on Node.js only; its types cover browsers too. */
interface ClassicLevel {
  approximateSize(from: Uint8Array, to: Uint8Array): Promise<number>;
  compactRange(from: Uint8Array, to: Uint8Array): Promise<void>;
}

function classicLevel(level: Level<Uint8Array, Uint8Array>): ClassicLevel {
  return level as unknown as ClassicLevel;
}

/** classic-level returns Buffers, whose methods differ from those of Uint8Array. */
function asView<T extends Uint8Array | undefined>(value: T): T {
  return (value === undefined ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) as T;
}

function asChainError(error: unknown, location: string): unknown {
  if (!(error instanceof Error)) return error;
  const { problem, text } = levelProblem(error);
  switch (problem) {
    case 'locked':
      return new ChainError('in-use', `${location} is in use by another process`, { cause: error });
    case 'no-locks':
      return new ChainError('unusable', `${location} cannot be locked (${text})`, {
        cause: error,
        data: { problem: 'no-file-locks' },
      });
    case 'damaged':
      return new ChainError('corrupt', `${location} is damaged (${text})`, { cause: error });
    case 'closed':
      return new ChainError('closed', `${location} is closed`, { cause: error });
    case 'other':
      return new ChainError('unusable', `${location}: ${text}`, { cause: error });
  }
}

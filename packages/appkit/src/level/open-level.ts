import { Level } from 'level';
import { type LevelProblem, levelProblem } from './level-problem.ts';

/** A write or a deletion. */
export type LevelChange<K> =
  | { readonly type: 'put'; readonly key: K; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: K };

/** A range of keys. */
export interface KeyRange<K> {
  readonly gt?: K;
  readonly gte?: K;
  readonly lt?: K;
  readonly lte?: K;
}

/** @see LevelDatabase */
export interface ReadOptions {
  /** Whether to read from the last key to the first. @default false */
  readonly reverse?: boolean;
}

/** @see LevelDatabase */
export interface WriteOptions {
  /** Whether the write survives a crash of the system, not only of the process. @default false */
  readonly sync?: boolean;
}

/** A LevelDB with values of bytes, whose errors are those of the program. */
export interface LevelDatabase<K> {
  readonly location: string;
  get(key: K): Promise<Uint8Array | undefined>;
  getMany(keys: readonly K[]): Promise<(Uint8Array | undefined)[]>;
  put(key: K, value: Uint8Array, options?: WriteOptions): Promise<void>;
  delete(key: K, options?: WriteOptions): Promise<void>;
  /** Applies all changes, or none if the process ends during the write. */
  batch(changes: readonly LevelChange<K>[]): Promise<void>;
  keys(range: KeyRange<K>, options?: ReadOptions): AsyncIterable<K>;
  entries(range: KeyRange<K>, options?: ReadOptions): AsyncIterable<readonly [K, Uint8Array]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** @see openLevel */
export interface OpenLevelOptions<K> {
  readonly keyEncoding: K extends string ? 'utf8' : 'view';
  /** Bytes of the write buffer, of which LevelDB may use twice as much. @default 4 MiB */
  readonly writeBufferSize?: number;
  /** Bytes of the block cache. @default 8 MiB */
  readonly cacheSize?: number;
  /** Bytes of a table file. @default 2 MiB */
  readonly maxFileSize?: number;
  /** Open table files. LevelDB maps them into memory, which counts towards the resident set. @default 1000 */
  readonly maxOpenFiles?: number;
  /** Makes the program's error from an error of LevelDB. */
  readonly toError: (problem: LevelProblem, text: string, cause: Error) => Error;
}

/** Entries that an iterator reads ahead. */
const readAhead = 256;

/**
 * Opens the database in a directory, and creates it if it does not exist.
 *
 * @throws the errors of `toError`
 */
export async function openLevel<K extends string | Uint8Array>(
  location: string,
  { toError, ...options }: OpenLevelOptions<K>,
): Promise<LevelDatabase<K>> {
  const level = new Level<K, Uint8Array>(location, { ...options, valueEncoding: 'view' });
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const { problem, text } = levelProblem(error);
      throw toError(problem, text, error);
    }
  };
  async function* iterate<T>(
    open: () => { nextv(size: number): Promise<T[]>; close(): Promise<void> },
  ): AsyncGenerator<T, void, undefined> {
    const iterator = await guard(async () => open());
    try {
      for (;;) {
        const items = await guard(() => iterator.nextv(readAhead));
        if (items.length === 0) return;
        yield* items;
      }
    } finally {
      await iterator.close();
    }
  }
  await guard(() => level.open());
  return {
    location,
    get: async (key) => toBytes(await guard(() => level.get(key))),
    getMany: async (keys) => (await guard(() => level.getMany([...keys]))).map(toBytes),
    put: (key, value, write = {}) => guard(() => level.put(key, value, write)),
    delete: (key, write = {}) => guard(() => level.del(key, write)),
    batch: (changes) => guard(() => level.batch([...changes])),
    keys: (range, read) => iterate(() => level.keys({ ...range, ...read })),
    entries: (range, read) => iterate(() => level.iterator({ ...range, ...read })),
    close: () => guard(() => level.close()),
  };
}

/** Replaces a Buffer of classic-level, whose methods differ from those of a Uint8Array. */
function toBytes(value: Uint8Array | undefined): Uint8Array | undefined {
  return value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

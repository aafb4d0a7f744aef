import { Level } from 'level';
import { ChainError } from '../errors/chain-error.ts';
import { levelProblem } from './level-error.ts';

/** One change of a {@link Database}. */
export type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A range of keys: `from` and everything up to `to`, which is left out. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** What sees one state of the database, whatever is written meanwhile. */
export interface Reading {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
}

/** A LevelDB of bytes whose failures are {@link ChainError}s. */
export interface Database extends Reading {
  readonly location: string;
  /** Applies all of the changes or, should the process or the disk fail, none. */
  batch(changes: readonly Change[]): Promise<void>;
  /** The keys of a range, ascending. */
  keys(range: KeyRange): AsyncIterable<Uint8Array>;
  /** Removes a range, not at once. */
  clear(range: KeyRange): Promise<void>;
  /** Runs several reads on one state of the database. */
  atOnce<T>(read: (snapshot: Reading) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Memory for what was written last, in bytes; LevelDB may hold twice that. */
const writeBufferSize = 8 * 1024 * 1024;
/** Memory for what was read last, in bytes. */
const cacheSize = 16 * 1024 * 1024;
/** Bytes of one table file; LevelDB's 2 MiB would make thousands. */
const maxFileSize = 16 * 1024 * 1024;

/**
 * Opens the database in a directory, which is made if need be.
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
  });
  await guard(() => level.open());
  return {
    ...reading({}),
    location,
    batch: (changes) => guard(() => level.batch([...changes])),
    async *keys({ from, to }) {
      try {
        for await (const key of level.keys({ gte: from, lt: to })) yield asView(key);
      } catch (error) {
        throw asChainError(error, location);
      }
    },
    clear: ({ from, to }) => guard(() => level.clear({ gte: from, lt: to })),
    atOnce: async (read) => {
      const snapshot = await guard(async () => level.snapshot());
      try {
        return await read(reading({ snapshot }));
      } finally {
        await snapshot.close();
      }
    },
    close: () => guard(() => level.close()),
  };
}

/** classic-level answers with Buffers, whose methods differ from Uint8Array's. */
function asView<T extends Uint8Array | undefined>(value: T): T {
  return (
    value === undefined ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  ) as T;
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

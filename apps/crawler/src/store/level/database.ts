import { Level } from 'level';
import { CrawlerError } from '../../model/error.ts';
import type { KeyRange } from './keys.ts';

/** A write or a deletion. */
export type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A LevelDB with binary keys and values. Its errors are {@link CrawlerError}s. */
export interface Database {
  readonly location: string;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  keys(range: KeyRange, options?: { reverse?: boolean }): AsyncIterable<Uint8Array>;
  entries(
    range: KeyRange,
    options?: { reverse?: boolean },
  ): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /** Applies all changes, or none if the process ends during the write. */
  batch(changes: Change[]): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Bytes of the write buffer; LevelDB may use twice as much. */
const writeBufferSize = 8 * 1024 * 1024;
/** Bytes of the block cache. */
const cacheSize = 16 * 1024 * 1024;
/** Bytes of a table file. */
const maxFileSize = 4 * 1024 * 1024;
/** Open table files. LevelDB maps them into memory, which counts towards the resident set. */
const maxOpenFiles = 32;
/** Entries that an iterator reads ahead. */
const readAhead = 256;

/**
 * Opens the database in a directory.
 *
 * @throws CrawlerError `datadir-in-use`, `store-corrupt`, `store-failed`
 */
export async function openDatabase(location: string): Promise<Database> {
  const level = new Level<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize,
    cacheSize,
    maxFileSize,
    maxOpenFiles,
  });
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw crawlerError(error, location);
    }
  };
  async function* iterate<T>(
    open: () => { nextv(size: number): Promise<T[]>; close(): Promise<void> },
  ): AsyncGenerator<T> {
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
    get: (key) => guard(() => level.get(key)),
    getMany: (keys) => guard(() => level.getMany(keys)),
    keys: (range, options) => iterate(() => level.keys({ ...range, ...options })),
    entries: (range, options) => iterate(() => level.iterator({ ...range, ...options })),
    batch: (changes) => guard(() => level.batch(changes)),
    close: () => guard(() => level.close()),
  };
}

/** Messages of `fcntl` errors of a file system without locks; other messages mean that another process holds the lock. */
const noLocks = /No locks available|not supported|Not supported|not implemented|Invalid argument/;

function crawlerError(error: unknown, location: string): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const options = { cause: error, data: { path: location } };
  switch ((cause as { code?: unknown }).code) {
    case 'LEVEL_LOCKED':
      // classic-level uses this code for every failure to lock, including file systems without locks.
      if (noLocks.test(cause.message)) {
        const data = { path: location, problem: 'no-file-locks' as const };
        const message = `cannot lock ${location}: the file system has no locks (${cause.message})`;
        return new CrawlerError('store-failed', message, { cause: error, data });
      }
      return new CrawlerError(
        'datadir-in-use',
        `${location} is in use by another process`,
        options,
      );
    case 'LEVEL_CORRUPTION':
      return new CrawlerError('store-corrupt', `${location} is damaged: ${cause.message}`, options);
    case 'LEVEL_DATABASE_NOT_OPEN':
    case 'LEVEL_ITERATOR_NOT_OPEN':
      return new CrawlerError('closed', `${location} is closed`, options);
    default:
      return new CrawlerError('store-failed', `${location}: ${cause.message}`, options);
  }
}

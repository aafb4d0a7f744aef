import { Level } from 'level';
import { CrawlerError } from '../../model/error.ts';
import type { KeyRange } from './keys.ts';

/** One change. */
export type Change =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** A LevelDB of bytes whose failures are {@link CrawlerError}s. */
export interface Database {
  readonly location: string;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  keys(range: KeyRange, options?: { reverse?: boolean }): AsyncIterable<Uint8Array>;
  entries(
    range: KeyRange,
    options?: { reverse?: boolean },
  ): AsyncIterable<readonly [Uint8Array, Uint8Array]>;
  /** Applies all of the changes, or should the process end none. */
  batch(changes: Change[]): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Memory for what was written last, in bytes; LevelDB may hold twice that. */
const writeBufferSize = 8 * 1024 * 1024;
/** Memory for what was read last, in bytes. */
const cacheSize = 16 * 1024 * 1024;
/** Bytes of one table file. */
const maxFileSize = 4 * 1024 * 1024;
/** Table files that are held open. LevelDB maps them into memory, which counts as ours. */
const maxOpenFiles = 32;
/** What is read ahead in a walk, in entries. */
const readAhead = 256;

/**
 * Opens the database in a directory.
 *
 * @throws CrawlerError `datadir-in-use`, `store-corrupt`, `store-failed`
 */
export async function openDatabase(location: string): Promise<Database> {
  const level = new Level<Uint8Array, Uint8Array>(location, {
    ...{ keyEncoding: 'view', valueEncoding: 'view' },
    ...{ writeBufferSize, cacheSize, maxFileSize, maxOpenFiles },
  });
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw typed(error, location);
    }
  };
  async function* walk<T>(
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
    keys: (range, options) => walk(() => level.keys({ ...range, ...options })),
    entries: (range, options) => walk(() => level.iterator({ ...range, ...options })),
    batch: (changes) => guard(() => level.batch(changes)),
    close: () => guard(() => level.close()),
  };
}

/** Texts of `fcntl` errors that say that the file system has no locks, not that another process holds one. */
const withoutLocks =
  /No locks available|not supported|Not supported|not implemented|Invalid argument/;

function typed(error: unknown, location: string): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  switch ((cause as { code?: unknown }).code) {
    case 'LEVEL_LOCKED':
      // classic-level says so of every failure to lock, also on a file system that cannot.
      if (withoutLocks.test(cause.message)) {
        return new CrawlerError(
          'store-failed',
          `${location} cannot be locked (${cause.message}): choose a file system that has locks with --datadir`,
          { cause: error },
        );
      }
      return new CrawlerError('datadir-in-use', `${location} is in use by another process`, {
        cause: error,
      });
    case 'LEVEL_CORRUPTION':
      return new CrawlerError('store-corrupt', `${location} is damaged (${cause.message})`, {
        cause: error,
      });
    case 'LEVEL_DATABASE_NOT_OPEN':
    case 'LEVEL_ITERATOR_NOT_OPEN':
      return new CrawlerError('closed', `${location} is closed`, { cause: error });
    default:
      return new CrawlerError('store-failed', `${location}: ${cause.message}`, { cause: error });
  }
}

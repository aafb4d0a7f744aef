import { levelProblem } from '@devp2p/appkit/level';
import { Level } from 'level';
import { StateError } from '../../errors/state-error.ts';
import type { KeyRange } from '../../storage/database.ts';

/** Changes that are written together. Keys and values are copied at once, so that their memory can be used again. */
export interface StateBatch {
  put(key: Uint8Array, value: Uint8Array): void;
  del(key: Uint8Array): void;
  /**
   * Applies all changes, or none if the process or the disk fails.
   *
   * @throws StateError
   */
  write(): Promise<void>;
}

/** The store beneath a state: keys and values of bytes, with synchronous reads. */
export interface StateDatabase {
  /** Its directory, for messages. */
  readonly location: string;
  /** @throws StateError `unusable`, `corrupt`, `closed` */
  get(key: Uint8Array): Uint8Array | undefined;
  /** The first keys of a range, ascending. @throws StateError */
  keys(range: KeyRange, limit: number): Promise<Uint8Array[]>;
  /** Creates an empty batch. @throws StateError `closed` */
  batch(): StateBatch;
  /**
   * Opens the database again after a failed write: LevelDB may append to an incomplete record of its log otherwise,
   * which it drops at the next start together with complete ones.
   *
   * @throws StateError
   */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** Memory for recent writes, in bytes; LevelDB may hold twice that. */
const writeBufferSize = 8 * 1024 * 1024;
/** Memory for recent reads, in bytes. */
const cacheSize = 16 * 1024 * 1024;
/** Size of a table file in bytes. Files are mapped, and a compaction has some of them in memory as a whole. */
const maxFileSize = 8 * 1024 * 1024;

/**
 * Opens the LevelDB in a directory, and creates both if they are missing.
 *
 * @throws StateError `in-use`, `unusable`, `corrupt`
 */
export async function openStateDatabase(location: string): Promise<StateDatabase> {
  const open = async (): Promise<Level<Uint8Array, Uint8Array>> => {
    const opened = new Level<Uint8Array, Uint8Array>(location, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      writeBufferSize,
      cacheSize,
      maxFileSize,
      // Hashes do not compress.
      compression: false,
    });
    await opened.open();
    return opened;
  };
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw asStateError(error, location);
    }
  };
  let level = await guard(open);
  return {
    location,
    get: (key) => {
      try {
        return asView(level.getSync(key));
      } catch (error) {
        throw asStateError(error, location);
      }
    },
    keys: ({ from, to }, limit) =>
      guard(async () => (await level.keys({ gte: from, lt: to, limit }).all()).map((key) => asView(key))),
    batch: () => {
      try {
        // A chained batch copies each change to LevelDB's form, without objects in between.
        const batch = level.batch();
        return {
          put: (key, value) => batch.put(key, value),
          del: (key) => batch.del(key),
          write: () => guard(() => batch.write()),
        };
      } catch (error) {
        throw asStateError(error, location);
      }
    },
    reopen: () =>
      guard(async () => {
        await level.close();
        level = await open();
      }),
    close: () => guard(() => level.close()),
  };
}

/** classic-level returns Buffers, whose methods differ from those of Uint8Array. */
function asView<T extends Uint8Array | undefined>(value: T): T {
  return (value === undefined ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) as T;
}

function asStateError(error: unknown, location: string): unknown {
  if (!(error instanceof Error) || error instanceof StateError) return error;
  const { problem, text } = levelProblem(error);
  switch (problem) {
    case 'locked':
      return new StateError('in-use', `${location} is in use by another process`, { cause: error });
    case 'no-locks':
      return new StateError('unusable', `${location} cannot be locked (${text})`, {
        cause: error,
        data: { problem: 'no-file-locks' },
      });
    case 'damaged':
      return new StateError('corrupt', `${location} is damaged (${text})`, { cause: error });
    case 'closed':
      return new StateError('closed', `${location} is closed`, { cause: error });
    case 'other':
      return new StateError('unusable', `${location}: ${text}`, { cause: error });
  }
}

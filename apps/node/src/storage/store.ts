import { Level } from 'level';
import { NodeError, type NodeErrorCode } from '../errors/node-error.ts';
import { errorText } from '../logging/log.ts';
import { levelProblem } from './level-error.ts';

/** A LevelDB with text for keys, whose failures are {@link NodeError}s that name it. */
export interface Store {
  readonly location: string;
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void>;
  delete(key: string, options?: WriteOptions): Promise<void>;
  /** All entries whose keys begin so, in order. */
  entries(prefix: string): AsyncIterable<[key: string, value: Uint8Array]>;
  close(): Promise<void>;
}

/** @see Store */
interface WriteOptions {
  /** Whether it has to outlive the end of the machine too, not only of the process. @default false */
  readonly sync?: boolean;
}

/** @see openStore */
export interface StoreOptions {
  readonly location: string;
  /** What it is, for errors, such as `node database`. */
  readonly name: string;
  readonly code: NodeErrorCode;
  /** What there is to do about a damaged one, which stays as it is. */
  readonly remedy: string;
}

/** Above every character, so that a prefix and it are above every key with the prefix. */
const last = '\u{10ffff}';

/**
 * Opens the database in a directory, which is made if need be. It is meant for tens of thousands of small entries at
 * most, so that LevelDB's own buffer sizes do.
 *
 * @throws NodeError `datadir-in-use` and the code of the options
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { location } = options;
  const level = new Level<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  const guard = async <T>(action: Promise<T>): Promise<T> => {
    try {
      return await action;
    } catch (error) {
      throw asNodeError(error, options);
    }
  };
  await guard(level.open());
  return {
    location,
    async get(key) {
      const value = await guard(level.get(key));
      return value && copy(value);
    },
    put: (key, value, write = {}) => guard(level.put(key, value, write)),
    delete: (key, write = {}) => guard(level.del(key, write)),
    async *entries(prefix) {
      const iterator = level.iterator({ gte: prefix, lt: prefix + last });
      try {
        for (;;) {
          const entry = await guard(iterator.next());
          if (entry === undefined) return;
          yield [entry[0], copy(entry[1])];
        }
      } finally {
        await iterator.close();
      }
    },
    close: () => guard(level.close()),
  };
}

/** classic-level answers with Buffers, which may be parts of something larger. */
function copy(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}

function asNodeError(error: unknown, { location, name, code, remedy }: StoreOptions): NodeError {
  const { problem } = levelProblem(error as Error);
  const text = errorText((error as Error).cause ?? error);
  switch (problem) {
    case 'locked':
      return new NodeError('datadir-in-use', `${name} ${location} is in use by another process`, {
        cause: error,
        data: { datadir: location },
      });
    case 'no-locks':
      return new NodeError(code, `${name} ${location} cannot be locked (${text})`, {
        cause: error,
        data: { problem: 'no-file-locks' },
      });
    case 'damaged':
      return new NodeError(code, `${name} ${location} is damaged (${text}): ${remedy}`, {
        cause: error,
      });
    default:
      return new NodeError(code, `${name} ${location} cannot be used (${text})`, { cause: error });
  }
}

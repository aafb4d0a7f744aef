import { errorText } from '@devp2p/appkit';
import { type LevelProblem, openLevel, type WriteOptions } from '@devp2p/appkit/level';
import { NodeError, type NodeErrorCode } from '../errors/node-error.ts';

/** A LevelDB with keys of text. Its errors are {@link NodeError}s that name it. */
export interface Store {
  readonly location: string;
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void>;
  delete(key: string, options?: WriteOptions): Promise<void>;
  /** All entries whose keys begin with a prefix, in order. */
  entries(prefix: string): AsyncIterable<[key: string, value: Uint8Array]>;
  close(): Promise<void>;
}

/** @see openStore */
export interface StoreOptions {
  readonly location: string;
  /** Name for errors, such as `node database`. */
  readonly name: string;
  readonly code: NodeErrorCode;
  /** How to continue without a damaged database, which stays unchanged. */
  readonly remedy: string;
}

/** The last character, so that a prefix followed by it is above every key with the prefix. */
const last = '\u{10ffff}';

/**
 * Opens the database in a directory, and creates it if it does not exist. It is for up to tens of thousands of small
 * entries, for which LevelDB's default buffer sizes suffice.
 *
 * @throws NodeError `datadir-in-use` and the code of the options
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const level = await openLevel<string>(options.location, {
    keyEncoding: 'utf8',
    toError: (problem, _text, cause) => nodeError(problem, cause, options),
  });
  return {
    location: options.location,
    async get(key) {
      const value = await level.get(key);
      return value && new Uint8Array(value);
    },
    put: level.put,
    delete: level.delete,
    async *entries(prefix) {
      for await (const [key, value] of level.entries({ gte: prefix, lt: prefix + last })) {
        // A copy, since the value may be a part of a larger buffer.
        yield [key, new Uint8Array(value)];
      }
    },
    close: level.close,
  };
}

function nodeError(problem: LevelProblem, cause: Error, { location, name, code, remedy }: StoreOptions): NodeError {
  const text = errorText(cause.cause ?? cause);
  switch (problem) {
    case 'locked':
      return new NodeError('datadir-in-use', `${name} ${location} is in use by another process`, {
        cause,
        data: { datadir: location },
      });
    case 'no-locks':
      return new NodeError(code, `${name} ${location} cannot be locked (${text})`, {
        cause,
        data: { problem: 'no-file-locks' },
      });
    case 'damaged':
      return new NodeError(code, `${name} ${location} is damaged (${text}): ${remedy}`, { cause });
    default:
      return new NodeError(code, `${name} ${location} cannot be used (${text})`, { cause });
  }
}

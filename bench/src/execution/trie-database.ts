import { type BatchDBOp, type DB, type EncodingOpts, KeyEncoding, ValueEncoding } from '@ethereumjs/util';
import type { Level } from 'level';

type Value = string | Uint8Array;

/** LevelDB as a database of a trie, in the way that the examples of `@ethereumjs/mpt` describe. */
export class TrieDatabase implements DB<string, Value> {
  readonly #level: Level<string, Value>;

  constructor(level: Level<string, Value>) {
    this.#level = level;
  }

  async open(): Promise<void> {
    await this.#level.open();
  }

  /** An absent key has the value `undefined`. */
  async get(key: string, options?: EncodingOpts): Promise<Value | undefined> {
    return this.#level.get(key, encodings(options));
  }

  async put(key: string, value: Value, options?: EncodingOpts): Promise<void> {
    await this.#level.put(key, value, encodings(options));
  }

  async del(key: string, options?: EncodingOpts): Promise<void> {
    await this.#level.del(key, encodings(options));
  }

  async batch(operations: BatchDBOp<string, Value>[]): Promise<void> {
    await this.#level.batch(
      operations.map(({ opts, ...operation }) => ({ ...operation, ...encodings(opts) })) as never,
    );
  }

  shallowCopy(): TrieDatabase {
    return new TrieDatabase(this.#level);
  }
}

function encodings({ keyEncoding, valueEncoding }: EncodingOpts = {}) {
  return {
    keyEncoding: keyEncoding === KeyEncoding.Bytes ? 'view' : 'utf8',
    valueEncoding: valueEncoding === ValueEncoding.Bytes ? 'view' : 'utf8',
  };
}

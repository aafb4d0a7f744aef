/**
 * Persistent storage of discovery: a map from text to bytes, such as an embedded database. A value is durable once `put`
 * has resolved, even if the process is killed.
 */
export interface NodeStore {
  /** Returns the value of a key, `undefined` for a missing key. */
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** Has no effect on a missing key. */
  delete(key: string): Promise<void>;
  /**
   * Iterates over all keys that start with `prefix`, in any order. Changes during the iteration may or may not be
   * visible to it.
   */
  entries(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
}

/** Creates a store in memory. */
export function createMemoryStore(): NodeStore {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (key) => values.get(key)?.slice(),
    put: async (key, value) => {
      values.set(key, value.slice());
    },
    delete: async (key) => {
      values.delete(key);
    },
    async *entries(prefix) {
      for (const [key, value] of values) if (key.startsWith(prefix)) yield [key, value.slice()];
    },
  };
}

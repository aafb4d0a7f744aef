/**
 * Where discovery keeps what it wants to know after a restart: a map from text to bytes, such as any embedded database
 * is. What `put` has resolved for is there after the process is killed.
 */
export interface NodeStore {
  /** `undefined` when there is nothing under the key. */
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** Does nothing when there is nothing under the key. */
  delete(key: string): Promise<void>;
  /** All keys that begin with `prefix`, in any order; what changes during the walk may be seen or not. */
  entries(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>;
}

/** A store that forgets everything with the process. */
export function memoryStore(): NodeStore {
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

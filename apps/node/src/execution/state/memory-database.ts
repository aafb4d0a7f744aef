import { StateError } from '../../errors/state-error.ts';
import { bytesOfKey, keyOf } from './keys.ts';
import type { StateDatabase } from './state-database.ts';

/** Creates a database in memory, for tests and development chains; its content outlives `close` and `reopen`. */
export function createMemoryDatabase(): StateDatabase {
  const location = 'the state in memory';
  const entries = new Map<string, Uint8Array>();
  let isClosed = false;
  const expectOpen = (): void => {
    if (isClosed) throw new StateError('closed', `${location} is closed`);
  };
  return {
    location,
    get: (key) => {
      expectOpen();
      return entries.get(keyOf(key));
    },
    keys: async (range, limit) => {
      expectOpen();
      const from = keyOf(range.from);
      const to = keyOf(range.to);
      const keys = [...entries.keys()].filter((key) => key >= from && key < to).sort();
      return keys.slice(0, limit).map(bytesOfKey);
    },
    batch: () => {
      const changes: [key: string, value: Uint8Array | undefined][] = [];
      return {
        put: (key, value) => changes.push([keyOf(key), value.slice()]),
        del: (key) => changes.push([keyOf(key), undefined]),
        write: async () => {
          expectOpen();
          for (const [key, value] of changes) {
            if (value === undefined) entries.delete(key);
            else entries.set(key, value);
          }
        },
      };
    },
    reopen: async () => {
      isClosed = false;
    },
    close: async () => {
      isClosed = true;
    },
  };
}

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
    write: async (changes) => {
      expectOpen();
      for (const change of changes) {
        if (change.type === 'put') entries.set(keyOf(change.key), change.value);
        else entries.delete(keyOf(change.key));
      }
    },
    reopen: async () => {
      isClosed = false;
    },
    close: async () => {
      isClosed = true;
    },
  };
}

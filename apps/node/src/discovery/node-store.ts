import { join } from 'node:path';
import type { NodeStore } from '@devp2p/discv4';
import { openLevel } from '../level.ts';

/** A {@link NodeStore} that has to be closed. */
export interface NodeDatabase extends NodeStore {
  close(): Promise<void>;
}

/** Above every character, so that a prefix and it are above every key with the prefix. */
const last = '\u{10ffff}';

/**
 * Opens the database of known nodes in a data directory, which is made if need be.
 *
 * @throws NodeError `nodes-unusable`
 */
export async function openNodeDatabase(datadir: string): Promise<NodeDatabase> {
  const level = await openLevel(join(datadir, 'nodes'), 'nodes-unusable', {
    name: 'node database',
    remedy: 'remove it, and nodes are found anew',
  });
  return {
    async get(key) {
      const value = await level.get(key);
      return value && copy(value);
    },
    put: (key, value) => level.put(key, value),
    delete: (key) => level.del(key),
    async *entries(prefix) {
      for await (const [key, value] of level.iterator({ gte: prefix, lt: prefix + last })) {
        yield [key, copy(value)];
      }
    },
    close: () => level.close(),
  };
}

/** classic-level answers with Buffers, which may be parts of something larger. */
function copy(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}

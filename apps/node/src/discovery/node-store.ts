import { join } from 'node:path';
import type { NodeStore } from '@devp2p/discv4';
import { Level } from 'level';
import { NodeError } from '../error.ts';
import { errorText } from '../log.ts';

/** A {@link NodeStore} that has to be closed. */
export interface NodeDatabase extends NodeStore {
  close(): Promise<void>;
}

/** Above every character, so that a prefix and it are above every key with the prefix. */
const last = '\u{10ffff}';

/**
 * Opens the database of known nodes in a data directory, which is made if need be. It holds tens of thousands of small
 * entries at most, so that LevelDB's own buffer sizes do.
 *
 * @throws NodeError `nodes-unusable`
 */
export async function openNodeDatabase(datadir: string): Promise<NodeDatabase> {
  const location = join(datadir, 'nodes');
  const level = new Level<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  try {
    await level.open();
  } catch (error) {
    throw new NodeError(
      'nodes-unusable',
      `node database ${location} cannot be opened (${errorText(error)}): remove it, and nodes are found anew`,
      { cause: error },
    );
  }
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

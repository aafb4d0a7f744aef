import { join } from 'node:path';
import type { NodeStore } from '@devp2p/discover';
import { openStore } from './store.ts';

/** A {@link NodeStore} that is to be closed. */
export interface NodeDatabase extends NodeStore {
  close(): Promise<void>;
}

/**
 * Opens the database of known nodes in a data directory, and creates it if it does not exist.
 *
 * @throws NodeError `nodes-unusable`, `datadir-in-use`
 */
export function openNodeDatabase(datadir: string): Promise<NodeDatabase> {
  return openStore({
    location: join(datadir, 'nodes'),
    name: 'node database',
    code: 'nodes-unusable',
    remedy: 'move it away, and nodes are discovered again',
  });
}

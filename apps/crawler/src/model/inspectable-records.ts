import { inspectable } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import { exportEntry } from './export-entry.ts';
import type { NodeRecord, Visit } from './node-record.ts';

/** Copies a record so that `JSON.stringify` and `console.log` show its exported form. */
export function inspectableNode(node: NodeRecord): NodeRecord {
  return inspectable('NodeRecord', { ...node }, (record) => ({ ...exportEntry(record) }));
}

/** Copies a visit so that `JSON.stringify` and `console.log` show its id as hex. */
export function inspectableVisit(visit: Visit): Visit {
  return inspectable('Visit', { ...visit }, (record) => ({ ...record, id: toHex(record.id) }));
}

import { toHex } from '@devp2p/enr';
import { exportEntry } from './export-entry.ts';
import type { NodeRecord, Visit } from './node-record.ts';
import { shownAs } from './shown.ts';

/** A record that `JSON.stringify` and `console.log` show as it is exported. */
export function shownNode(node: NodeRecord): NodeRecord {
  return shownAs('NodeRecord', { ...node }, (record) => ({ ...exportEntry(record) }));
}

/** A visit that they show with its id as hex. */
export function shownVisit(visit: Visit): Visit {
  return shownAs('Visit', { ...visit }, (shown) => ({ ...shown, id: toHex(shown.id) }));
}

import type { Crypto } from '@devp2p/crypto';
import { type Enr, nodeIdHash, parseEnr, toHex } from '@devp2p/enr';
import { isoTime } from '../model/export-entry.ts';
import type { NodeRecord } from '../model/node-record.ts';

/** How Go writes that there is no time. */
const never = '0001-01-01T00:00:00Z';

/**
 * A node as a member of go-ethereum's nodes.json, `"id": {…}`; `undefined` for one whose record is not known, or is no
 * valid record of it: one such would have go-ethereum refuse the whole file.
 */
export function nodesJsonMember(node: NodeRecord, crypto: Crypto): string | undefined {
  const record = recordOf(node, crypto);
  if (record === undefined) return undefined;
  const { enr, firstSeen, lastSeen, lastVisit, visits, failures } = node;
  const answered = lastSeen !== undefined;
  // A visit that was in vain for us may well have found the node there.
  const misses = answered && lastSeen >= (lastVisit ?? 0) ? 0 : failures;
  const value = JSON.stringify({
    record: enr,
    // Checks that were passed, halved at each that was not.
    score: answered ? Math.floor(Math.max(1, visits - misses) / 2 ** misses) : 0,
    firstResponse: answered ? isoTime(firstSeen) : never,
    lastResponse: answered ? isoTime(lastSeen) : never,
    lastCheck: lastVisit === undefined ? never : isoTime(lastVisit),
  });
  // By hand, since the number of a record has 64 bits.
  return `"${toHex(nodeIdHash(node.id, { crypto }))}": {"seq":${record.seq},${value.slice(1)}`;
}

function recordOf({ id, enr }: NodeRecord, crypto: Crypto): Enr | undefined {
  if (enr === undefined) return undefined;
  try {
    const record = parseEnr(enr, { crypto });
    return toHex(record.id) === toHex(id) ? record : undefined;
  } catch {
    return undefined;
  }
}

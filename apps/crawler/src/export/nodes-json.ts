import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Enr, nodeIdHash, parseEnr } from '@devp2p/enr';
import { isoTime } from '../model/export-entry.ts';
import type { NodeRecord } from '../model/node-record.ts';

/** Go's zero time. */
const never = '0001-01-01T00:00:00Z';

/**
 * Formats a node as a member of go-ethereum's nodes.json, `"id": {…}`. Returns `undefined` without a valid record of
 * the node: go-ethereum refuses a file with an invalid record.
 */
export function nodesJsonMember(node: NodeRecord, crypto: Crypto): string | undefined {
  const record = validRecord(node, crypto);
  if (record === undefined) return undefined;
  const { enr, firstSeen, lastSeen, lastVisit, visits, failures } = node;
  const answered = lastSeen !== undefined;
  // A visit may count as failed although the node answered it.
  const misses = answered && lastSeen >= (lastVisit ?? 0) ? 0 : failures;
  const value = JSON.stringify({
    record: enr,
    // Number of passed checks, halved for each failed one.
    score: answered ? Math.floor(Math.max(1, visits - misses) / 2 ** misses) : 0,
    firstResponse: answered ? isoTime(firstSeen) : never,
    lastResponse: answered ? isoTime(lastSeen) : never,
    lastCheck: lastVisit === undefined ? never : isoTime(lastVisit),
  });
  // Not with `JSON.stringify`, since the sequence number has 64 bits.
  return `"${toHex(nodeIdHash(node.id, { crypto }))}": {"seq":${record.seq},${value.slice(1)}`;
}

function validRecord({ id, enr }: NodeRecord, crypto: Crypto): Enr | undefined {
  if (enr === undefined) return undefined;
  try {
    const record = parseEnr(enr, { crypto });
    return toHex(record.id) === toHex(id) ? record : undefined;
  } catch {
    return undefined;
  }
}

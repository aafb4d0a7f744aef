import { FUTURE_TOLERANCE } from './policy/quality.ts';
import { normalizeIp } from './policy/routable.ts';
import { binary } from './snapshot/binary.ts';
import { type AddrNode, MAX_RECORD_LENGTH, type Told } from './table/entry.ts';

/** How long ago a node counts as seen of which a source says that it will be seen (Bitcoin Core). */
const SEEN_IF_AHEAD = 5 * 24 * 3_600_000;

/** Why a node that somebody told us of, or what is new about it, was not taken. */
export type Refusal =
  /** Not a node at all: the length of the id or the address, a port, the record's length, a time. */
  | 'malformed'
  | 'self'
  | 'unroutable'
  /** The source has told too much lately. */
  | 'rate-limited'
  /** Somebody who is worth keeping has the only slot that this address can have by this source. */
  | 'slot-taken'
  /** Its network or its IP address has as many entries as it may, and all are worth keeping. */
  | 'network-full'
  | 'invalid-record'
  /** Known at another address, and nothing proves that it moved. */
  | 'other-address';

/** A node as it is kept. */
export interface ParsedNode extends Told {
  readonly ipBytes: Uint8Array;
}

/** `undefined` when it cannot be a node. An IPv4-mapped IPv6 address comes out as the IPv4 address that it is. */
export function parseNode(node: AddrNode, now: number): ParsedNode | undefined {
  const { id, record, lastSeen = now } = node;
  const { ip, tcp, udp } = node.address;
  if (id.length !== 64 || (ip.length !== 4 && ip.length !== 16)) return undefined;
  if (!isPort(tcp) || tcp === 0 || !isPort(udp)) return undefined;
  if (!(lastSeen >= 0 && lastSeen <= Number.MAX_SAFE_INTEGER)) return undefined;
  if (record) {
    if (record.bytes.length === 0 || record.bytes.length > MAX_RECORD_LENGTH) return undefined;
    if (record.seq < 0n || record.seq >= 2n ** 64n) return undefined;
  }
  const ipBytes = normalizeIp(ip);
  return {
    id: binary(id),
    ip: binary(ipBytes),
    ipBytes,
    tcp,
    udp,
    // Believed, it would make a node that is known at this address terrible.
    lastSeen:
      lastSeen > now + FUTURE_TOLERANCE ? Math.max(0, now - SEEN_IF_AHEAD) : Math.floor(lastSeen),
  };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

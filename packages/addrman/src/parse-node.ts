import { normalizeIp } from '@devp2p/ip';
import { futureTolerance } from './policy/quality.ts';
import { binary } from './snapshot/binary.ts';
import { type AddrNode, type KnownAddress, maxRecordLength } from './table/entry.ts';

/** Age given to a `lastSeen` time in the future, in ms (Bitcoin Core). */
const seenIfAhead = 5 * 24 * 3_600_000;

/** Why a reported node, or new information about it, was not added. */
export type Refusal =
  /** Invalid: the length of the id, address or record, a port, or a time. */
  | 'malformed'
  | 'self'
  | 'unroutable'
  /** The source has used up its rate limit. */
  | 'rate-limited'
  /** The only slot for this address from this source holds an entry that is worth keeping. */
  | 'slot-taken'
  /** The network or the IP address has reached its limit of entries, and all are worth keeping. */
  | 'network-full'
  | 'invalid-record'
  /** The node is known at another address, and no signed record proves the change. */
  | 'other-address';

/** A node in its stored form. */
export interface ParsedNode extends KnownAddress {
  readonly ipBytes: Uint8Array;
}

/** Parses a node. Returns `undefined` if it is invalid. An IPv4-mapped IPv6 address becomes an IPv4 address. */
export function parseNode(node: AddrNode, now: number): ParsedNode | undefined {
  const { id, record, lastSeen = now } = node;
  const { ip, tcp, udp } = node.address;
  if (id.length !== 64 || (ip.length !== 4 && ip.length !== 16)) return undefined;
  if (!isPort(tcp) || tcp === 0 || !isPort(udp)) return undefined;
  if (!(lastSeen >= 0 && lastSeen <= Number.MAX_SAFE_INTEGER)) return undefined;
  if (record) {
    if (record.bytes.length === 0 || record.bytes.length > maxRecordLength) return undefined;
    if (record.seq < 0n || record.seq >= 2n ** 64n) return undefined;
  }
  const ipBytes = normalizeIp(ip);
  return {
    id: binary(id),
    ip: binary(ipBytes),
    ipBytes,
    tcp,
    udp,
    // A time in the future, if stored, would make a known node terrible.
    lastSeen: lastSeen > now + futureTolerance ? Math.max(0, now - seenIfAhead) : Math.floor(lastSeen),
  };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

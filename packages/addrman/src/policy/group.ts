import { sha256 } from '@noble/hashes/sha2.js';
import { binary, bytesOf } from '../snapshot/binary.ts';
import { normalizeIp } from './routable.ts';

/** Who told us about a node. What the same group of sources says lands in the same few buckets. */
export type AddrSource =
  /** A node that passed it on, such as in a discovery answer; its group is that of its address. */
  | { readonly kind: 'peer'; readonly ip: Uint8Array }
  /** A list, such as one in DNS or of boot nodes; each name is a group of its own. */
  | { readonly kind: 'list'; readonly name: string }
  /** The node itself, by contacting us from `ip`. All that come this way are one group: whoever wants can. */
  | { readonly kind: 'inbound'; readonly ip: Uint8Array };

/** Which addresses belong to one operator, where that is better known than by their first bits. */
export interface GroupMap {
  /** Names the map and its version: a snapshot made with another one is put into new buckets when it is read. */
  readonly id: string;
  /** The autonomous system that announces the address (4 or 16 bytes). `undefined` or 0: not in the map. */
  asn(ip: Uint8Array): number | undefined;
}

/** First byte of a group: Bitcoin Core's number of the network, above that kinds of sources that are no network. */
const IPV4 = 1;
const IPV6 = 2;
const LIST = 0x80;
const INBOUND = 0x81;

/** The group of an address of 4 or 16 bytes, as a string of bytes: its autonomous system, else IPv4 /16 or IPv6 /32. */
export function networkGroup(ip: string, map?: GroupMap): string {
  const asn = map?.asn(bytesOf(ip));
  // An operator's IPv4 and IPv6 addresses are one group.
  if (asn) {
    return String.fromCharCode(
      IPV6,
      asn & 0xff,
      (asn >>> 8) & 0xff,
      (asn >>> 16) & 0xff,
      asn >>> 24,
    );
  }
  return ip.length === 4
    ? String.fromCharCode(IPV4) + ip.slice(0, 2)
    : String.fromCharCode(IPV6) + ip.slice(0, 4);
}

/** A source as it is kept with an entry: one letter, and what tells it from others. */
export function sourceKey(source: AddrSource): string {
  switch (source.kind) {
    case 'peer':
      return `p${binary(normalizeIp(source.ip))}`;
    case 'list':
      return `l${binary(sha256(new TextEncoder().encode(source.name)).subarray(0, 8))}`;
    case 'inbound':
      return 'i';
  }
}

/** Whether bytes of a snapshot can be what {@link sourceKey} gave. */
export function isSourceKey(key: string): boolean {
  const { length } = key;
  return (
    (key[0] === 'p' && (length === 5 || length === 17)) ||
    (key[0] === 'l' && length === 9) ||
    key === 'i'
  );
}

/** The group of a source, given its key. */
export function sourceGroup(key: string, map?: GroupMap): string {
  if (key[0] === 'p') return networkGroup(key.slice(1), map);
  return key[0] === 'l' ? String.fromCharCode(LIST) + key.slice(1) : String.fromCharCode(INBOUND);
}

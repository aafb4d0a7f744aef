import { normalizeIp } from '@devp2p/ip';
import { sha256 } from '@noble/hashes/sha2.js';
import { binary, bytesOf } from '../snapshot/binary.ts';

/** Source of a node. Nodes from the same group of sources share the same few buckets. */
export type AddrSource =
  /** A node that relayed it, such as in a discovery response; its group is that of its address. */
  | { readonly kind: 'peer'; readonly ip: Uint8Array }
  /** A list, such as a DNS list or the boot nodes; each name is a group. */
  | { readonly kind: 'list'; readonly name: string }
  /**
   * The node itself, which contacted us from `ip`. All such nodes share one group, since contacting us costs nothing.
   */
  | { readonly kind: 'inbound'; readonly ip: Uint8Array };

/** Map from addresses to autonomous systems: more exact groups than address prefixes. */
export interface GroupMap {
  /** Name and version of the map: a snapshot made with another map is assigned to new buckets when it is read. */
  readonly id: string;
  /** Returns the autonomous system number of an address of 4 or 16 bytes. `undefined` or 0: not in the map. */
  asn(ip: Uint8Array): number | undefined;
}

/** First byte of a group: Bitcoin Core's network numbers, and higher numbers for sources without a network. */
const ipv4 = 1;
const ipv6 = 2;
const list = 0x80;
const inbound = 0x81;

/** Returns the group of an address as a string of bytes: its autonomous system, otherwise its IPv4 /16 or IPv6 /32. */
export function networkGroup(ip: string, map?: GroupMap): string {
  const asn = map?.asn(bytesOf(ip));
  // IPv4 and IPv6 addresses of one operator are one group.
  if (asn) {
    return String.fromCharCode(ipv6, asn & 0xff, (asn >>> 8) & 0xff, (asn >>> 16) & 0xff, asn >>> 24);
  }
  return ip.length === 4 ? String.fromCharCode(ipv4) + ip.slice(0, 2) : String.fromCharCode(ipv6) + ip.slice(0, 4);
}

/** Returns the stored form of a source: one letter for the kind, and the identifier of the source. */
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

/** Whether a string from a snapshot is a valid {@link sourceKey}. */
export function isSourceKey(key: string): boolean {
  const { length } = key;
  return (key[0] === 'p' && (length === 5 || length === 17)) || (key[0] === 'l' && length === 9) || key === 'i';
}

/** Returns the group of a source key. */
export function sourceGroup(key: string, map?: GroupMap): string {
  if (key[0] === 'p') return networkGroup(key.slice(1), map);
  return key[0] === 'l' ? String.fromCharCode(list) + key.slice(1) : String.fromCharCode(inbound);
}

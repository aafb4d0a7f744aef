import { assertIp, normalizeIp } from './ip.ts';
import { contains, type IpRange, parseIpRanges } from './ip-range.ts';

/**
 * Kind of network that an address belongs to:
 *
 * - `unspecified`: `0.0.0.0` or `::`
 * - `loopback`: this machine
 * - `link-local`: valid on one link only
 * - `lan`: private networks, including carrier-grade NAT
 * - `multicast`: a group of machines
 * - `special`: reserved for uses other than a host on the internet: documentation, benchmarks, protocol assignments,
 *   transition mechanisms, future use
 * - `global`: all other addresses
 */
export type IpClass = 'unspecified' | 'loopback' | 'link-local' | 'lan' | 'multicast' | 'special' | 'global';

/**
 * IANA's special-purpose address registries (RFC 6890 and later entries), and multicast (RFC 5771, RFC 4291). The first
 * match counts. Blocks registered as "globally reachable" are special here if no node can have an address in them:
 * anycast services, and addresses that embed an IPv4 address.
 */
const classes: readonly (readonly [IpClass, readonly IpRange[]])[] = (
  [
    ['unspecified', '0.0.0.0/32, ::/128'],
    ['loopback', '127.0.0.0/8, ::1/128'],
    ['link-local', '169.254.0.0/16, fe80::/10'],
    // RFC 1918; RFC 6598 shared address space; RFC 4193 unique local
    ['lan', '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7'],
    ['multicast', '224.0.0.0/4, ff00::/8'],
    // RFC 791 "this network"; RFC 6890 protocol assignments; RFC 1112 future use, with limited broadcast
    ['special', '0.0.0.0/8, 192.0.0.0/24, 240.0.0.0/4'],
    // RFC 5737 documentation; RFC 2544 benchmarks
    ['special', '192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 198.18.0.0/15'],
    // RFC 7535 and RFC 7534 AS112; RFC 7450 AMT; RFC 7526 6to4 relays
    ['special', '192.31.196.0/24, 192.175.48.0/24, 192.52.193.0/24, 192.88.99.0/24'],
    // RFC 4291 IPv4-compatible; RFC 6052 and RFC 8215 NAT64; RFC 3056 6to4
    ['special', '::/96, 64:ff9b::/96, 64:ff9b:1::/48, 2002::/16'],
    // RFC 6666 discard; RFC 9780 dummy prefix; RFC 2928 protocol assignments, with Teredo, AMT, ORCHID and benchmarks
    ['special', '100::/64, 100:0:0:1::/64, 2001::/23'],
    // RFC 3849 and RFC 9637 documentation; RFC 7534 AS112; RFC 9602 SRv6; RFC 3879 site-local
    ['special', '2001:db8::/32, 3fff::/20, 2620:4f:8000::/48, 5f00::/16, fec0::/10'],
  ] as const
).map(([name, ranges]) => [name, parseIpRanges(ranges)]);

/**
 * Returns the class of an address of 4 or 16 bytes. An IPv4-mapped address has the class of the IPv4 address.
 *
 * @throws {@link IpError} `invalid-option` for another number of bytes, as all functions below
 */
export function ipClass(ip: Uint8Array): IpClass {
  assertIp(ip);
  const address = normalizeIp(ip);
  for (const [name, ranges] of classes) {
    for (const range of ranges) if (contains(range, address)) return name;
  }
  return 'global';
}

/** Whether the address is a loopback address. */
export function isLoopback(ip: Uint8Array): boolean {
  return ipClass(ip) === 'loopback';
}

/** Whether the address is reachable only from its own network: private, link-local or loopback. */
export function isLan(ip: Uint8Array): boolean {
  const kind = ipClass(ip);
  return kind === 'lan' || kind === 'link-local' || kind === 'loopback';
}

/** Whether the address cannot be the address of a node: unspecified, multicast or special. */
export function isSpecial(ip: Uint8Array): boolean {
  const kind = ipClass(ip);
  return kind === 'unspecified' || kind === 'multicast' || kind === 'special';
}

/** Reason why {@link checkRelay} rejects an address. */
export type RelayFault = 'unspecified' | 'special' | 'loopback' | 'lan';

/**
 * Checks an address that a node at `sender` relays, by the rule of go-ethereum (`CheckRelayAddr`): addresses that no node
 * can have are invalid, a loopback address is valid only from a loopback sender, and a LAN address only from a sender in
 * a LAN.
 *
 * @returns the reason to reject the address, `undefined` if it is valid
 */
export function checkRelay(sender: Uint8Array, address: Uint8Array): RelayFault | undefined {
  switch (ipClass(address)) {
    case 'unspecified':
      return 'unspecified';
    case 'multicast':
    case 'special':
      return 'special';
    case 'loopback':
      return isLoopback(sender) ? undefined : 'loopback';
    case 'lan':
    case 'link-local':
      return isLan(sender) ? undefined : 'lan';
    case 'global':
      return undefined;
  }
}

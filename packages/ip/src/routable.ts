/** IPv4 blocks that are not reachable over the internet (IANA's special-purpose registry, RFC 6890). */
const specialIpv4: readonly (readonly [network: number, bits: number])[] = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // carrier-grade NAT
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0000000, 24], // protocol assignments
  [0xc0000200, 24], // documentation
  [0xc01fc400, 24], // AS112
  [0xc034c100, 24], // AMT
  [0xc0586300, 24], // 6to4 relays
  [0xc0a80000, 16], // private
  [0xc0af3000, 24], // AS112
  [0xc6120000, 15], // benchmarks
  [0xc6336400, 24], // documentation
  [0xcb007100, 24], // documentation
];

/** First bytes of {@link specialIpv4}, so that most addresses need one lookup. */
const specialFirstBytes: ReadonlySet<number> = new Set(specialIpv4.map(([network]) => network >>> 24));

/**
 * Whether a host on the internet can have the address: class `global`, and for IPv6 in the allocated global unicast range
 * 2000::/3 as well. Faster than {@link ipClass}. IPv4-mapped addresses are not routable: normalize them first. False for
 * other lengths than 4 and 16 bytes.
 */
export function isRoutable(ip: Uint8Array): boolean {
  const high = word(ip, 0);
  if (ip.length === 4) {
    if (high >>> 29 === 7) return false; // multicast (RFC 5771) and future use
    if (!specialFirstBytes.has(high >>> 24)) return true;
    return !specialIpv4.some(([network, bits]) => (high ^ network) >>> (32 - bits) === 0);
  }
  if (ip.length !== 16 || high >>> 29 !== 1) return false; // outside 2000::/3
  if (high >>> 9 === 0x20010000 >>> 9) return false; // 2001::/23: Teredo, ORCHID, benchmarks …
  if (high === 0x20010db8 || high >>> 12 === 0x3fff0) return false; // documentation
  if (high >>> 16 === 0x2002) return false; // 6to4
  return high !== 0x2620004f || word(ip, 4) >>> 16 !== 0x8000; // AS112
}

/** Reads 4 bytes as a big-endian integer. */
function word(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | low) >>> 0;
}

import { formatIpRange, type IpRange, ipRange, isLan, networkGroup, normalizeIp } from '@devp2p/ip';

/** Returns the range that one host may have: an IPv4 address, or the /64 of an IPv6 address. */
export function hostRange(ip: Uint8Array): IpRange {
  const address = normalizeIp(ip);
  return ipRange(address, address.length === 4 ? 32 : 64);
}

/** Key that all addresses of a {@link hostRange} share. */
export function hostKey(ip: Uint8Array): string {
  return formatIpRange(hostRange(ip));
}

/** Bitcoin Core's network groups: IPv4 /16 or IPv6 /32, `undefined` for addresses of local networks. */
export function dialGroup(ip: Uint8Array): string | undefined {
  return isLan(ip) ? undefined : networkGroup(ip, { ipv4: 16, ipv6: 32 });
}

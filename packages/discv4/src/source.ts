import { networkGroup } from '@devp2p/enr';

/**
 * Whom an address counts for where something is rationed: an IPv4 address for itself, an IPv6 address for its /64,
 * since one customer has all of those.
 *
 * @param ip - of `host`, 4 or 16 bytes.
 */
export function sourceOf(host: string, ip: Uint8Array): string {
  return ip.length === 4 ? host : networkGroup(ip);
}

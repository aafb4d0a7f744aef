import { networkGroup } from '@devp2p/ip';

/**
 * Returns the key that rate and count limits use for an address: an IPv4 address itself, and the /64 of an IPv6
 * address, since one customer owns a whole /64.
 *
 * @param ip 4 or 16 bytes, the same address as `host`
 */
export function sourceOf(host: string, ip: Uint8Array): string {
  return ip.length === 4 ? host : networkGroup(ip);
}

import { assertIp, normalizeIp } from './ip.ts';
import { formatIpRange, ipRange } from './ip-range.ts';

/** How many leading bits make two addresses neighbours. */
export interface GroupBits {
  /** For IPv4 addresses. @default 24, as in go-ethereum's table limits; Bitcoin Core's address manager takes 16 */
  ipv4?: number;
  /** For IPv6 addresses. @default 64, one customer's network; Bitcoin Core's address manager takes 32 */
  ipv6?: number;
}

/**
 * A key that is the same for all addresses of one network, such as `203.0.113.0/24`, for limits on how much of
 * something a single operator can get. IPv4-mapped addresses are grouped as IPv4.
 *
 * @throws RangeError when the address is neither 4 nor 16 bytes.
 */
export function networkGroup(ip: Uint8Array, { ipv4 = 24, ipv6 = 64 }: GroupBits = {}): string {
  assertIp(ip);
  const address = normalizeIp(ip);
  return formatIpRange(ipRange(address, address.length === 4 ? ipv4 : ipv6));
}

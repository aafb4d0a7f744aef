import { integer, type Rules } from '@devp2p/options';
import { check } from './check-options.ts';
import { assertIp, normalizeIp } from './ip.ts';
import { formatIpRange, ipRange } from './ip-range.ts';

/** Options of {@link networkGroup}: number of leading bits that the addresses of one group share. */
export interface NetworkGroupOptions {
  /** For IPv4 addresses. @default 24, as in go-ethereum's table limits; Bitcoin Core's address manager uses 16 */
  ipv4?: number;
  /** For IPv6 addresses. @default 64, the network of one customer; Bitcoin Core's address manager uses 32 */
  ipv6?: number;
}

const rules: Rules<NetworkGroupOptions> = { ipv4: integer(0, 32), ipv6: integer(0, 128) };

/**
 * Returns a key that all addresses of one network share, such as `203.0.113.0/24`, for limits per operator. IPv4-mapped
 * addresses are grouped as IPv4.
 *
 * @throws {@link IpError} `invalid-option` if the address is not 4 or 16 bytes, or for wrong options
 */
export function networkGroup(ip: Uint8Array, options?: NetworkGroupOptions): string {
  assertIp(ip);
  if (options !== undefined) check.options('networkGroup', options, rules);
  const { ipv4 = 24, ipv6 = 64 } = options ?? {};
  const address = normalizeIp(ip);
  return formatIpRange(ipRange(address, address.length === 4 ? ipv4 : ipv6));
}

/** IP range: the addresses that share their first `prefix` bits. The result of `parseIpRange` of `@devp2p/enr`. */
export interface IpRange {
  /** First address, 4 or 16 bytes. */
  readonly network: Uint8Array;
  /** Number of leading bits: 0 to 32, or to 128. */
  readonly prefix: number;
}

/** Ranges of local addresses (RFC 1918, 6598, 1122, 3927, 4193 and 4291). */
const localRanges: readonly IpRange[] = [
  { network: Uint8Array.of(10, 0, 0, 0), prefix: 8 },
  { network: Uint8Array.of(172, 16, 0, 0), prefix: 12 },
  { network: Uint8Array.of(192, 168, 0, 0), prefix: 16 },
  { network: Uint8Array.of(100, 64, 0, 0), prefix: 10 },
  { network: Uint8Array.of(127, 0, 0, 0), prefix: 8 },
  { network: Uint8Array.of(169, 254, 0, 0), prefix: 16 },
  { network: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), prefix: 128 },
  { network: Uint8Array.of(0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), prefix: 7 },
  { network: Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), prefix: 10 },
];

/** Whether an address belongs to this machine or a local network. */
export function isLocal(ip: Uint8Array): boolean {
  return localRanges.some((range) => inRange(ip, range));
}

/** Returns the IPv4 address of an IPv4-mapped IPv6 address; other addresses unchanged. */
export function normalizeIp(ip: Uint8Array): Uint8Array {
  const isMapped =
    ip.length === 16 && ip.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return isMapped ? ip.subarray(12) : ip;
}

/** Whether the address is in the range. An IPv4 address is never in an IPv6 range. */
export function inRange(ip: Uint8Array, { network, prefix }: IpRange): boolean {
  const address = normalizeIp(ip);
  return address.length === network.length && key(address, prefix) === key(network, prefix);
}

/**
 * Returns the range of `prefix` bits that contains an address; IPv4-mapped ranges become IPv4 ranges.
 *
 * @throws RangeError if the address or the prefix is invalid
 */
export function rangeOf(ip: Uint8Array, prefix: number): IpRange {
  const isAddress = ip instanceof Uint8Array && (ip.length === 4 || ip.length === 16);
  if (!isAddress) throw new RangeError('network is not 4 or 16 bytes');
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > ip.length * 8) {
    throw new RangeError(`prefix is ${prefix}, expected 0 to ${ip.length * 8} bits`);
  }
  const network = masked(ip, prefix);
  const inner = normalizeIp(network);
  return inner === network || prefix < 96
    ? { network, prefix }
    : { network: inner, prefix: prefix - 96 };
}

/** Returns the range that one host may have: an IPv4 address, or the /64 of an IPv6 address. */
export function hostRange(ip: Uint8Array): IpRange {
  const address = normalizeIp(ip);
  return rangeOf(address, address.length === 4 ? 32 : 64);
}

/** Returns a key that is equal for all addresses of a range. */
export function rangeKey({ network, prefix }: IpRange): string {
  return `${key(network, prefix)}/${prefix}`;
}

/** Returns the network group as Bitcoin Core: the IPv4 /16 or IPv6 /32; `undefined` for local addresses. */
export function networkGroup(ip: Uint8Array): string | undefined {
  const address = normalizeIp(ip);
  return isLocal(address) ? undefined : rangeKey(rangeOf(address, address.length === 4 ? 16 : 32));
}

function key(ip: Uint8Array, prefix: number): string {
  return masked(ip, prefix).join('.');
}

function masked(ip: Uint8Array, prefix: number): Uint8Array {
  return ip.map((byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, prefix - 8 * i))));
}

import { check } from './check-options.ts';
import { assertIp, formatIp, normalizeIp, parseIp } from './ip.ts';

/** A CIDR block (RFC 4632): the addresses that share their first bits. */
export interface IpRange {
  /** The first address, 4 or 16 bytes. Bits after the prefix are zero. */
  readonly network: Uint8Array;
  /** Number of leading bits that all addresses share: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefix: number;
}

/**
 * Returns the range of `prefix` bits that contains an address. A range of IPv4-mapped addresses becomes an IPv4 range.
 *
 * @throws {@link IpError} `invalid-option` if the address is not 4 or 16 bytes or has fewer bits than the prefix
 */
export function ipRange(ip: Uint8Array, prefix: number): IpRange {
  assertIp(ip);
  const bits = ip.length * 8;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits) {
    check.fail('prefix', prefix, `an integer from 0 to ${bits}`);
  }
  const network = ip.map((byte, i) => byte & mask(prefix - 8 * i));
  const inner = normalizeIp(network);
  return inner === network ? { network, prefix } : { network: inner, prefix: prefix - 96 };
}

/**
 * Parses `address/bits`, or an address without bits, which is a range of one address. Bits of the address after the
 * prefix are ignored.
 *
 * @throws SyntaxError with the text in its message
 */
export function parseIpRange(text: string): IpRange {
  const [address = '', bits, rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest !== undefined) throw invalidRange(text);
  // The bits of a mapped address are counted as IPv6.
  const offset = ip.length === 4 && address.includes(':') ? 96 : 0;
  const prefix = bits === undefined ? ip.length * 8 : Number(bits) - offset;
  if ((bits !== undefined && !/^\d{1,3}$/.test(bits)) || prefix < 0 || prefix > ip.length * 8) {
    throw invalidRange(text);
  }
  return ipRange(ip, prefix);
}

/**
 * Parses a comma-separated list of ranges: `10.0.0.0/8, fd00::/8`. White space and empty entries are ignored.
 *
 * @throws SyntaxError with the invalid entry in its message
 */
export function parseIpRanges(text: string): IpRange[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseIpRange);
}

/** Formats a range as `address/bits`. */
export function formatIpRange(range: IpRange): string {
  return `${formatIp(range.network)}/${range.prefix}`;
}

/**
 * Whether a range, or one of several ranges, contains an address. An IPv6 range contains no IPv4 address.
 *
 * @throws {@link IpError} `invalid-option` if the address is not 4 or 16 bytes
 */
export function inRange(ip: Uint8Array, range: IpRange | readonly IpRange[]): boolean {
  assertIp(ip);
  const address = normalizeIp(ip);
  return 'network' in range ? contains(range, address) : range.some((one) => contains(one, address));
}

/** @param ip normalized, 4 or 16 bytes */
export function contains({ network, prefix }: IpRange, ip: Uint8Array): boolean {
  if (ip.length !== network.length) return false;
  for (let i = 0; 8 * i < prefix; i++) {
    if ((((ip[i] ?? 0) ^ (network[i] ?? 0)) & mask(prefix - 8 * i)) !== 0) return false;
  }
  return true;
}

/** Returns a byte whose first `bits` bits are set: 0 for less than 1, 0xff for more than 8. */
function mask(bits: number): number {
  return 0xff & ~(0xff >> Math.min(8, Math.max(0, bits)));
}

function invalidRange(text: string): SyntaxError {
  return new SyntaxError(`invalid IP range, expected address/bits: ${JSON.stringify(text.slice(0, 64))}`);
}

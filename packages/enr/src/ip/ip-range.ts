import { assertIp, formatIp, normalizeIp, parseIp } from './ip.ts';

/** The addresses that share their first bits: a CIDR block (RFC 4632). */
export interface IpRange {
  /** The first address, 4 or 16 bytes; every bit beyond the prefix is zero. */
  readonly network: Uint8Array;
  /** How many leading bits are fixed: 0 to 32, or to 128. */
  readonly prefix: number;
}

/**
 * The block of `prefix` bits around an address.
 *
 * @throws RangeError when there is no such block.
 */
export function ipRange(ip: Uint8Array, prefix: number): IpRange {
  assertIp(ip);
  const bits = ip.length * 8;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits) {
    throw new RangeError(`a prefix has 0 to ${bits} bits, not ${prefix}`);
  }
  const network = ip.map((byte, i) => byte & mask(prefix - 8 * i));
  const inner = normalizeIp(network);
  return inner === network ? { network, prefix } : { network: inner, prefix: prefix - 96 };
}

/**
 * Reads `address/bits`, or a lone address, which stands for itself. Bits of the address beyond the prefix are ignored.
 *
 * @throws SyntaxError that quotes the text.
 */
export function parseIpRange(text: string): IpRange {
  const [address = '', bits, rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest !== undefined) throw notARange(text);
  // A mapped address was written with IPv6's bits.
  const offset = ip.length === 4 && address.includes(':') ? 96 : 0;
  const prefix = bits === undefined ? ip.length * 8 : Number(bits) - offset;
  if ((bits !== undefined && !/^\d{1,3}$/.test(bits)) || prefix < 0 || prefix > ip.length * 8) {
    throw notARange(text);
  }
  return ipRange(ip, prefix);
}

/**
 * Reads a list of ranges between commas, as in `--netrestrict 10.0.0.0/8, fd00::/8`. White space and empty entries are
 * ignored.
 *
 * @throws SyntaxError that quotes the entry at fault.
 */
export function parseIpRanges(text: string): IpRange[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseIpRange);
}

/** `address/bits`. */
export function formatIpRange(range: IpRange): string {
  return `${formatIp(range.network)}/${range.prefix}`;
}

/** Whether the address lies in the range, or in one of several. An IPv4 address is never in an IPv6 range. */
export function inRange(ip: Uint8Array, range: IpRange | readonly IpRange[]): boolean {
  assertIp(ip);
  const address = normalizeIp(ip);
  return 'network' in range
    ? contains(range, address)
    : range.some((one) => contains(one, address));
}

function contains({ network, prefix }: IpRange, ip: Uint8Array): boolean {
  if (ip.length !== network.length) return false;
  for (let i = 0; 8 * i < prefix; i++) {
    if ((((ip[i] ?? 0) ^ (network[i] ?? 0)) & mask(prefix - 8 * i)) !== 0) return false;
  }
  return true;
}

/** A byte whose first `bits` bits are set: none for less than one, all for more than eight. */
function mask(bits: number): number {
  return 0xff & ~(0xff >> Math.min(8, Math.max(0, bits)));
}

function notARange(text: string): SyntaxError {
  return new SyntaxError(`not an IP range (address/bits): ${JSON.stringify(text.slice(0, 64))}`);
}

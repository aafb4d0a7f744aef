import { IpError } from './error.ts';

/** Longest text of an IP address: eight groups, or six groups and an IPv4 address. */
const maxTextLength = 45;

/**
 * Parses an IP address: dotted decimal without leading zeros (4 bytes), or IPv6 in any form of RFC 4291 (16 bytes).
 * Returns an IPv4-mapped IPv6 address, which dual-stack sockets report for IPv4 peers, as the IPv4 address.
 *
 * @returns `undefined` if the text is not an IP address. Scoped addresses (`fe80::1%eth0`) are not accepted, because
 * the scope has no meaning on another machine.
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > maxTextLength) return undefined;
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes && normalizeIp(bytes);
}

/**
 * Formats an IP address of 4 or 16 bytes. IPv6 addresses have the form that RFC 5952 recommends.
 *
 * @throws {@link IpError} `invalid-option` for another number of bytes
 */
export function formatIp(ip: Uint8Array): string {
  assertIp(ip);
  if (ip.length === 4) return ip.join('.');
  if (isMapped(ip)) return `::ffff:${ip.subarray(12).join('.')}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((ip[i] ?? 0) << 8) | (ip[i + 1] ?? 0)).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** Converts an IPv4-mapped IPv6 address to the 4 bytes of the IPv4 address, and returns other addresses unchanged. */
export function normalizeIp(ip: Uint8Array): Uint8Array {
  return isMapped(ip) ? ip.subarray(12) : ip;
}

/** @throws IpError `invalid-option` if the value is not 4 or 16 bytes */
export function assertIp(ip: Uint8Array): void {
  if (ip instanceof Uint8Array && (ip.length === 4 || ip.length === 16)) return;
  const given = ip instanceof Uint8Array ? `${ip.length} bytes` : `a value of type ${typeof ip}`;
  throw new IpError('invalid-option', `ip is ${given}, expected a Uint8Array of 4 or 16 bytes`);
}

/** Whether an address is in `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
function isMapped(ip: Uint8Array): boolean {
  if (ip.length !== 16 || ip[10] !== 0xff || ip[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (ip[i] !== 0) return false;
  return true;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < 4; i++) {
    if (i > 0 && text[at++] !== '.') return undefined;
    const start = at;
    let value = 0;
    for (; at < start + 3 && isDigit(text.charCodeAt(at)); at++) {
      value = 10 * value + text.charCodeAt(at) - digit0;
    }
    // Some resolvers read a leading zero as octal, others ignore it.
    if (at === start || value > 255 || (at > start + 1 && text[start] === '0')) return undefined;
    bytes[i] = value;
  }
  return at === text.length ? bytes : undefined;
}

const digit0 = 0x30;

/** False for NaN, which `charCodeAt` returns after the end. */
function isDigit(code: number): boolean {
  return code >= digit0 && code <= digit0 + 9;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const [head = '', tail, rest] = text.split('::');
  if (rest !== undefined) return undefined;
  const front = parseGroups(head, tail === undefined);
  if (tail === undefined) return front?.length === 16 ? Uint8Array.from(front) : undefined;
  const back = parseGroups(tail, true);
  // `::` stands for at least one group of zeros.
  if (!front || !back || front.length + back.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** Parses groups between colons. The last one may be an IPv4 address if the text ends there. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const embedded = atEnd && i === groups.length - 1 ? parseIpv4(group) : undefined;
      if (!embedded) return undefined;
      bytes.push(...embedded);
    }
  }
  return bytes;
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === '0') end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

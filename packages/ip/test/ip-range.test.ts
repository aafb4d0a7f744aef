import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatIp,
  formatIpRange,
  inRange,
  ipRange,
  networkGroup,
  normalizeIp,
  parseIp,
  parseIpRange,
  parseIpRanges,
} from '../src/index.ts';

const ip = (text: string): Uint8Array => {
  const bytes = parseIp(text);
  if (!bytes) throw new Error(`no address: ${text}`);
  return bytes;
};
const anyIp = fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const near = anyIp.chain((a) =>
  fc.record({
    a: fc.constant(a),
    prefix: fc.nat(a.length * 8),
    // Another address that shares a random number of leading bits.
    b: fc.tuple(fc.nat(a.length * 8 - 1), fc.boolean()).map(([bit, flip]) => {
      const b = a.slice();
      if (flip) b[bit >> 3] = (b[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      return b;
    }),
  }),
);

describe('IP ranges', () => {
  test('agree with net.BlockList', () => {
    fc.assert(
      fc.property(near, ({ a, b, prefix }) => {
        fc.pre(normalizeIp(a) === a && normalizeIp(b) === b);
        const family = a.length === 4 ? 'ipv4' : 'ipv6';
        const oracle = new BlockList();
        oracle.addSubnet(formatIp(a), prefix, family);
        expect(inRange(b, ipRange(a, prefix))).toBe(oracle.check(formatIp(b), family));
      }),
      { numRuns: 500 },
    );
  });

  test('are formatted and parsed again', () => {
    fc.assert(
      fc.property(near, ({ a, prefix }) => {
        fc.pre(normalizeIp(a) === a);
        const range = ipRange(a, prefix);
        expect(parseIpRange(formatIpRange(range))).toEqual(range);
        expect(inRange(a, range)).toBe(true);
      }),
    );
  });

  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['fd00::1', 'fd00::1/128'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.0.0.1', '10.0.0.1/32'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIpRange(parseIpRange(text))).toBe(canonical);
  });

  test.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/8.0',
    '10.0.0.0/ 8',
    '::/129',
    'lan',
    '::ffff:10.0.0.0/64',
  ])('%j is refused', (text) => {
    expect(() => parseIpRange(text)).toThrow(SyntaxError);
    expect(() => parseIpRange(text)).toThrow(JSON.stringify(text));
  });

  test('a list is parsed, and an error contains the invalid entry', () => {
    const ranges = parseIpRanges(' 10.0.0.0/8,\tfd00::/8, ,192.0.2.1,\n');
    expect(ranges.map(formatIpRange)).toEqual(['10.0.0.0/8', 'fd00::/8', '192.0.2.1/32']);
    expect(inRange(ip('10.9.9.9'), ranges)).toBe(true);
    expect(inRange(ip('::ffff:10.9.9.9'), ranges)).toBe(true);
    expect(inRange(ip('fd12::1'), ranges)).toBe(true);
    expect(inRange(ip('11.0.0.1'), ranges)).toBe(false);
    expect(inRange(ip('10.0.0.1'), [])).toBe(false);
    expect(() => parseIpRanges('10.0.0.0/8,10.0.0/8')).toThrow('"10.0.0/8"');
    expect(() => parseIpRanges('9'.repeat(5000))).toThrow(/"9{64}"$/);
    expect(parseIpRanges('')).toEqual([]);
  });

  test('an IPv4 address is in no IPv6 range', () => {
    expect(inRange(ip('1.2.3.4'), parseIpRange('::/0'))).toBe(false);
    expect(inRange(ip('::1'), parseIpRange('0.0.0.0/0'))).toBe(false);
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]);
    expect(inRange(mapped, parseIpRange('1.2.0.0/16'))).toBe(true);
    expect(formatIpRange(ipRange(mapped, 112))).toBe('1.2.0.0/16');
  });

  test('invalid prefixes are refused', () => {
    for (const prefix of [-1, 33, 1.5, Number.NaN]) {
      expect(() => ipRange(ip('1.2.3.4'), prefix)).toThrow(RangeError);
    }
  });

  test('a network group is the range that contains an address', () => {
    expect(networkGroup(ip('203.0.113.77'))).toBe('203.0.113.0/24');
    expect(networkGroup(ip('203.0.113.77'), { ipv4: 16 })).toBe('203.0.0.0/16');
    expect(networkGroup(ip('2a01:4f8:1:2:3:4:5:6'))).toBe('2a01:4f8:1:2::/64');
    expect(networkGroup(ip('2a01:4f8:1:2:3:4:5:6'), { ipv6: 32 })).toBe('2a01:4f8::/32');
    expect(networkGroup(ip('::ffff:203.0.113.77'))).toBe('203.0.113.0/24');
    expect(() => networkGroup(new Uint8Array(5))).toThrow(RangeError);
  });
});

import { BlockList, isIP, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, normalizeIp, parseIp } from '../src/index.ts';

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Sixteen bytes, with runs of zeros as in real addresses. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

describe('IP addresses', () => {
  test.each([
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.1.20.255', [255, 1, 20, 255]],
    ['::', Array(16).fill(0)],
    ['::1', [...Array(15).fill(0), 1]],
    ['2001:DB8::8:800:200C:417A', [32, 1, 13, 184, 0, 0, 0, 0, 0, 8, 8, 0, 32, 12, 65, 122]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['64:ff9b::192.0.2.33', [0, 100, 255, 155, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]],
    ['::ffff:192.0.2.33', [192, 0, 2, 33]],
    ['::FFFF:c000:221', [192, 0, 2, 33]],
    ['0:0:0:0:0:ffff:127.0.0.1', [127, 0, 0, 1]],
  ])('%s is parsed', (text, bytes) => {
    expect([...(parseIp(text) ?? [])]).toEqual(bytes);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '0x7f.1',
    '1.2..4',
    '+1.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '::12345',
    '::g',
    ':1::',
    '1:',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '[::1]',
    'localhost',
    `::${'0'.repeat(100)}1`,
    '١.2.3.4',
  ])('%j is refused', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:0DB8:000A::', '2001:db8:a::'],
  ])('%s is formatted as %s (RFC 5952)', (text, canonical) => {
    expect(formatIp(parseIp(text) ?? new Uint8Array())).toBe(canonical);
  });

  test('every address is formatted and parsed again', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (ip) => {
        expect(isIP(formatIp(ip))).toBe(ip.length === 4 ? 4 : 6);
        expect(parseIp(formatIp(ip))).toEqual(normalizeIp(ip));
      }),
    );
  });

  test('IPv6 is formatted like the WHATWG URL serializer', () => {
    fc.assert(
      fc.property(ipv6, (ip) => {
        fc.pre(normalizeIp(ip).length === 16);
        expect(`[${formatIp(ip)}]`).toBe(new URL(`http://[${formatIp(ip)}]/`).hostname);
      }),
    );
  });

  test('parsing agrees with node:net', () => {
    const soup = fc
      .array(fc.constantFrom('0', '1', '255', 'f', 'ffff', '.', '.', ':', ':', '::', '00'), {
        maxLength: 18,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0);
        const ip = parseIp(text);
        if (ip?.length !== 16 || !isIPv6(text)) return;
        const same = new BlockList();
        same.addAddress(text, 'ipv6');
        expect(same.check(formatIp(ip), 'ipv6')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('other lengths are refused', () => {
    for (const length of [0, 3, 5, 15, 17]) {
      expect(() => formatIp(new Uint8Array(length))).toThrow(RangeError);
    }
  });
});

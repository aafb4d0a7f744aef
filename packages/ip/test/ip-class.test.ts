import { describe, expect, test } from 'vitest';
import { checkRelay, ipClass, isLan, isLoopback, isSpecial, parseIp } from '../src/index.ts';

const ip = (text: string): Uint8Array => {
  const bytes = parseIp(text);
  if (!bytes) throw new Error(`no address: ${text}`);
  return bytes;
};

/** First and last address of each block, and adjacent addresses if they have another class. */
const CASES = {
  unspecified: ['0.0.0.0', '::', '::ffff:0.0.0.0'],
  loopback: ['127.0.0.0', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
  'link-local': ['169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::', 'febf:ffff::1'],
  lan: [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    '100.64.0.0',
    '100.127.255.255',
    'fc00::',
    'fdff:ffff::1',
    '::ffff:192.168.1.1',
  ],
  multicast: ['224.0.0.0', '239.255.255.255', 'ff00::', 'ff02::1', 'ffff::'],
  special: [
    '0.0.0.1',
    '0.255.255.255',
    '192.0.0.0',
    '192.0.0.255',
    '192.0.2.0',
    '192.0.2.255',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.175.48.1',
    '198.18.0.0',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '240.0.0.0',
    '255.255.255.255',
    '::2',
    '::1.2.3.4',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '100:0:0:1::1',
    '2001::1',
    '2001:1ff:ffff::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2620:4f:8000::1',
    '3fff:fff::1',
    '5f00::1',
    'fec0::1',
    'feff::1',
  ],
  global: [
    '1.0.0.0',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '191.255.255.255',
    '192.0.1.0',
    '192.0.3.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2001:200::',
    '2001:db7::',
    '2001:db9::',
    '2003::',
    '2a00::1',
    '2606:4700::1111',
    '3fff:1000::',
    '::ffff:8.8.8.8',
    '64:ff9b:2::',
    '::1:0:0:0',
  ],
} as const;

describe('address classes', () => {
  for (const [kind, addresses] of Object.entries(CASES)) {
    test.each(addresses)(`%s is ${kind}`, (text) => {
      const address = ip(text);
      expect(ipClass(address)).toBe(kind);
      expect(isLoopback(address)).toBe(kind === 'loopback');
      expect(isLan(address)).toBe(['loopback', 'lan', 'link-local'].includes(kind));
      expect(isSpecial(address)).toBe(['unspecified', 'multicast', 'special'].includes(kind));
    });
  }

  test('other lengths are refused', () => {
    for (const length of [0, 3, 5, 17]) expect(() => ipClass(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe('checkRelay', () => {
  test.each([
    // sender, address, fault
    ['8.8.8.8', '9.9.9.9', undefined],
    ['8.8.8.8', '2a00::1', undefined],
    ['10.0.0.1', '9.9.9.9', undefined],
    ['127.0.0.1', '9.9.9.9', undefined],
    ['8.8.8.8', '0.0.0.0', 'unspecified'],
    ['127.0.0.1', '::', 'unspecified'],
    ['10.0.0.1', '255.255.255.255', 'special'],
    ['127.0.0.1', '203.0.113.5', 'special'],
    ['127.0.0.1', '224.0.0.1', 'special'],
    ['8.8.8.8', '127.0.0.1', 'loopback'],
    ['10.0.0.1', '127.0.0.1', 'loopback'],
    ['::1', '127.0.0.1', undefined],
    ['127.0.0.1', '::1', undefined],
    ['8.8.8.8', '10.0.0.1', 'lan'],
    ['8.8.8.8', '169.254.169.254', 'lan'],
    ['2a00::1', 'fd00::1', 'lan'],
    ['192.168.0.1', '10.0.0.1', undefined],
    ['127.0.0.1', '10.0.0.1', undefined],
    ['fe80::1', 'fd00::1', undefined],
    ['::ffff:8.8.8.8', '::ffff:10.0.0.1', 'lan'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.2', undefined],
  ])('%s relays %s: %s', (sender, address, fault) => {
    expect(checkRelay(ip(sender), ip(address))).toBe(fault);
  });
});

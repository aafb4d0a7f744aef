import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipClass, isRoutable, parseIp } from '../src/index.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** IPv6 addresses, half of them in 2000::/3 and near its special blocks. */
const ipv6 = fc
  .tuple(
    bytes(16),
    fc.constantFrom([], [0x20, 0x01], [0x20, 0x01, 0x0d, 0xb8], [0x20, 0x02], [0x3f, 0xff]),
    fc.constantFrom([], [0x26, 0x20, 0x00, 0x4f, 0x80, 0x00]),
  )
  .map(([ip, ...starts]) => {
    for (const start of starts) ip.set(start);
    return ip;
  });

test('isRoutable agrees with ipClass and 2000::/3', () => {
  const isExpected = (ip: Uint8Array) => ipClass(ip) === 'global' && (ip.length === 4 || (ip[0] ?? 0) >> 5 === 1);
  fc.assert(
    fc.property(fc.oneof(bytes(4), ipv6), (ip) => isRoutable(ip) === isExpected(ip)),
    { numRuns: 2000 },
  );
  const differing: number[] = [];
  for (let block = 0; block < 2 ** 16; block++) {
    const ip = Uint8Array.of(block >> 8, block & 0xff, 2, 1);
    if (isRoutable(ip) !== isExpected(ip)) differing.push(block);
  }
  expect(differing).toEqual([]);
});

test('other lengths and mapped addresses are not routable', () => {
  for (const length of [0, 3, 5, 15, 17]) expect(isRoutable(new Uint8Array(length).fill(0x20))).toBe(false);
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  mapped.set(parseIp('20.1.1.1') ?? [], 12);
  expect(isRoutable(mapped)).toBe(false);
});

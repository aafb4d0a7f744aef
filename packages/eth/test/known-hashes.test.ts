import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownHashes } from '../src/gossip/transactions/known-hashes.ts';
import { hashOf, seeded } from './fetcher-world.ts';

test('TP-29 32,768 hashes of a peer are known, the oldest are forgotten', () => {
  const known = new KnownHashes([7, 9]);
  for (let i = 0; i < 100_000; i++) expect(known.add(hashOf(i))).toBe(true);
  expect(known.size).toBe(32_768);
  for (let i = 0; i < 100_000; i++) expect(known.has(hashOf(i))).toBe(i >= 100_000 - 32_768);
  for (let i = 99_000; i < 100_000; i++) expect(known.add(hashOf(i))).toBe(false);
  expect(known.size).toBe(32_768);
});

test('TP-29 it behaves as a set, also with hashes that share bytes', () => {
  const hash = fc.tuple(fc.nat(3), fc.nat(7)).map(([high, low]) => {
    const bytes = new Uint8Array(32);
    bytes[0] = high;
    bytes[7] = low;
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 200 }), fc.nat(), fc.nat(), (hashes, a, b) => {
      const known = new KnownHashes([a, b]);
      const set = new Set<string>();
      for (const each of hashes) {
        expect(known.has(each)).toBe(set.has(each.join()));
        expect(known.add(each)).toBe(!set.has(each.join()));
        set.add(each.join());
      }
      expect(known.size).toBe(set.size);
    }),
  );
});

test('TP-35 hashes that a peer chooses do not make it slow', () => {
  const known = new KnownHashes([0x1234_5678, 0x9abc_def1]);
  const random = seeded(3);
  // Equal in the bytes that a plain table would take as the place of a hash.
  const hashes = Array.from({ length: 40_000 }, (_, i) => {
    const bytes = random(32);
    bytes.set([0, 0, 0, i & 7, i >> 11, i >> 3, 0, 0]);
    return bytes;
  });
  // In a table with one chain this takes minutes, more than a test may.
  for (const hash of hashes) known.add(hash);
  expect(known.size).toBe(32_768);
});

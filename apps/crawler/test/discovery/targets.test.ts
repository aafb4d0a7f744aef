import { fastCrypto } from '@devp2p/crypto/fast';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Targets } from '../../src/discovery/targets.ts';

const targets = new Targets(fastCrypto);

test('CR-01 a target for a bucket shares just so many bits with the node', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(targets.depth - 1),
      (hash, depth) => {
        const place = fastCrypto.keccak256(targets.at(hash, depth));
        expect(sharedBits(hash, place)).toBe(depth);
      },
    ),
    { numRuns: 200 },
  );
});

test('there are no targets for deeper buckets', () => {
  expect(() => targets.at(new Uint8Array(32), targets.depth)).toThrow(RangeError);
});

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const binary = (bytes: Uint8Array) =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const [first, second] = [binary(a), binary(b)];
  return [...first].findIndex((bit, i) => bit !== second[i]);
}

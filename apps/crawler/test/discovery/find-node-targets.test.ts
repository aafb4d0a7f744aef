import { fastCrypto } from '@devp2p/crypto/fast';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FindNodeTargets } from '../../src/discovery/find-node-targets.ts';

const targets = new FindNodeTargets(fastCrypto);

test('CR-01 the target of a bucket shares exactly the bits of its depth with the node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(targets.depth - 1), (hash, depth) => {
      const targetHash = fastCrypto.keccak256(targets.at(hash, depth));
      expect(sharedBits(hash, targetHash)).toBe(depth);
    }),
    { numRuns: 200 },
  );
});

test('a deeper bucket has no target', () => {
  expect(() => targets.at(new Uint8Array(32), targets.depth)).toThrow(RangeError);
});

function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const binary = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const [first, second] = [binary(a), binary(b)];
  return [...first].findIndex((bit, i) => bit !== second[i]);
}

import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ctr } from '../src/frame/ctr.ts';
import { newKey } from './raw.ts';

test('RX-06 AES-256-CTR is one stream for pieces of any length', () => {
  const length = fc.oneof(fc.constantFrom(0, 1, 15, 16, 1008, 1023, 1024, 1025, 2048), fc.nat({ max: 4000 }));
  fc.assert(
    fc.property(fc.array(length, { minLength: 1, maxLength: 30 }), (lengths) => {
      const key = newKey();
      const ours = new Ctr(key);
      const reference = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
      for (const size of lengths) {
        const input = Uint8Array.from({ length: size + 3 }, (_, i) => i);
        const output = new Uint8Array(size + 5);
        ours.apply(input, 3, size + 3, output, 5);
        const expected = reference.update(input.subarray(3));
        expect(Buffer.compare(output.subarray(5), expected)).toBe(0);
        expect(output.subarray(0, 5)).toEqual(new Uint8Array(5));
      }
    }),
    { numRuns: 100 },
  );
});

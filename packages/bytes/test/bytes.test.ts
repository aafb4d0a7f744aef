import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, equalBytes, isZero } from '../src/index.ts';

const array = fc.uint8Array({ maxLength: 40 });

test('equalBytes agrees with Buffer.compare', () => {
  fc.assert(
    fc.property(array, array, (a, b) => {
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalBytes(a, a.slice())).toBe(true);
      if (a.length === 0) return;
      const other = a.slice();
      other[a.length - 1] = (other[a.length - 1] as number) ^ 1;
      expect(equalBytes(a, other)).toBe(false);
      expect(equalBytes(a, a.subarray(1))).toBe(false);
    }),
  );
});

test('concatBytes agrees with Buffer.concat and copies', () => {
  fc.assert(
    fc.property(fc.array(array, { maxLength: 5 }), (parts) => {
      const joined = concatBytes(...parts);
      expect(joined).toEqual(new Uint8Array(Buffer.concat(parts)));
      expect(parts.some(({ buffer }) => buffer === joined.buffer)).toBe(false);
    }),
  );
});

test('isZero', () => {
  expect(isZero(new Uint8Array(32))).toBe(true);
  expect(isZero(new Uint8Array())).toBe(true);
  expect(isZero(Uint8Array.of(0, 0, 1))).toBe(false);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../src/index.ts';

describe('hex', () => {
  test('agrees with Buffer in both directions', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('hex');
        expect(toHex(bytes)).toBe(text);
        expect(fromHex(text)).toEqual(bytes);
        expect(fromHex(text.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test.each(['0', '0x00', 'zz', '0g', 'g0', ' 00 ', '00:1', '@0', '`0', '/0', '٠0'])('%j is refused', (text) => {
    expect(() => fromHex(text)).toThrow(SyntaxError);
  });
});

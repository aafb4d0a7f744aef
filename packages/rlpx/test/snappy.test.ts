import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { compress as compressJs } from 'snappyjs';
import { describe, expect, test } from 'vitest';
import { compress, decompress, maxCompressedLength } from '../src/frame/snappy.ts';

const maxLength = 2 ** 24 - 1;

function failure(bytes: readonly number[], max: number = maxLength): unknown {
  try {
    return decompress(Uint8Array.from(bytes), max).length;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Compressible bytes, similar to text. */
const compressible = fc
  .array(fc.constantFrom('block', 'hash', 'peer ', '0x00', 'a'), { maxLength: 2000 })
  .map((words) => new TextEncoder().encode(words.join('')));
const payload = fc.oneof(compressible, fc.uint8Array({ maxLength: 3000 }));

describe('Snappy', () => {
  test('RX-09 output of this and of other compressors decompresses', () => {
    fc.assert(
      fc.property(payload, (bytes) => {
        for (const packed of [compress(bytes), compressSync(Buffer.from(bytes)), compressJs(bytes)]) {
          const unpacked = decompress(packed, bytes.length);
          expect(unpacked).toEqual(bytes);
          expect(unpacked.constructor).toBe(Uint8Array);
        }
        expect(compress(bytes).length).toBeLessThanOrEqual(maxCompressedLength(bytes.length));
      }),
      { numRuns: 100 },
    );
  });

  test('RX-09 a message of maximal length decompresses to itself', () => {
    const bytes = new Uint8Array(maxLength).fill(7);
    bytes.set(randomBytes(100_000), 5_000_000);
    expect(Buffer.compare(decompress(compress(bytes), maxLength), bytes)).toBe(0);
  });

  test.each([
    ['an empty input', []],
    ['an unfinished length', [0x80]],
    ['a length of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a length of six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['fewer bytes than declared', [5, 0x08, 1, 2, 3]],
    ['more bytes than declared', [2, 0x08, 1, 2, 3]],
    ['none of the declared bytes', [3]],
    ['a literal that is cut off', [3, 0x08, 1, 2]],
    ['a literal length that is cut off', [70, 60 << 2]],
    ['a literal of 4 GiB', [70, 63 << 2, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]],
    ['a copy from before the start', [8, 0x00, 1, 0x01 | (3 << 2), 2]],
    ['a copy from itself', [8, 0x00, 1, 0x01 | (3 << 2), 0]],
    ['a copy that runs over the end', [4, 0x00, 1, 0x01 | (3 << 2), 1]],
    ['half a copy of each kind', [8, 0x00, 1, 0x01]],
    ['half a copy with 2 bytes', [8, 0x00, 1, 0x02, 1]],
    ['half a copy with 4 bytes', [8, 0x00, 1, 0x03, 1, 0, 0]],
  ])('RX-09 %s is refused', (_, bytes) => {
    expect(failure(bytes)).toBe('snappy');
  });

  test('RX-09 copies of all kinds are expanded, overlapping ones too', () => {
    expect(decompress(Uint8Array.of(5, 0x00, 7, 0x01, 1), 5)).toEqual(Uint8Array.of(7, 7, 7, 7, 7));
    const two = Uint8Array.of(6, 0x04, 1, 2, (3 << 2) | 2, 2, 0);
    expect(decompress(two, 6)).toEqual(Uint8Array.of(1, 2, 1, 2, 1, 2));
    const four = Uint8Array.of(6, 0x04, 1, 2, (3 << 2) | 3, 2, 0, 0, 0);
    expect(decompress(four, 6)).toEqual(Uint8Array.of(1, 2, 1, 2, 1, 2));
  });

  test('RX-09 the native path also refuses a length that differs from the declared one', () => {
    const packed = compress(new Uint8Array(5000).fill(1));
    expect(() => decompress(packed.subarray(0, -1), maxLength)).toThrow();
    const longer = Uint8Array.from(packed);
    longer[0] = (longer[0] as number) + 1;
    expect(() => decompress(longer, maxLength)).toThrow(expect.objectContaining({ code: 'snappy' }));
  });

  test('RX-09 the limit applies to the decompressed length', () => {
    const packed = compress(new Uint8Array(1001));
    expect(() => decompress(packed, 1000)).toThrow(expect.objectContaining({ code: 'snappy' }));
    expect(decompress(packed, 1001)).toHaveLength(1001);
  });

  test('HX-04 a length to which the input cannot expand is refused before allocation, also below the limit', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) {
      expect(failure([0x80, 0x80, 0x80, 0x80, 0x04, 0x00, 0x00])).toBe('snappy'); // 1 GiB
      expect(failure([0xff, 0xff, 0xff, 0x07, 0x00, 0x00, 0x00])).toBe('snappy'); // 16 MiB − 1
    }
    const impossible = Uint8Array.of(0xff, 0xff, 0xff, 0x07, 0x00, 0x00, 0x00);
    expect(() => decompress(impossible, maxLength)).toThrow('7 bytes cannot expand to the declared 16777215');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test('HX-19 random bytes end in a result or a snappy error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 100 }), (bytes, length) => {
        const result = failure([length, ...bytes], 2000);
        expect(result === 'snappy' || result === length).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

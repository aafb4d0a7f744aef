import { createSeededRandom } from '@devp2p/random/seeded';
import { describe, expect, test } from 'vitest';
import {
  bigint,
  bytes,
  type Codec,
  decode,
  decodePrefix,
  encode,
  list,
  optional,
  RlpError,
  raw,
  struct,
  text,
  tree,
  uint,
  validate,
  Writer,
} from '../src/index.ts';
import { failure } from './failure.ts';
import { hex } from './hex.ts';
import vectors from './vectors/ethereum-rlp.json' with { type: 'json' };

const record = struct({ id: uint(64), to: bytes(20), items: list(bytes(), { max: 64 }) });
const codecs: Record<string, Codec<unknown>> = {
  uint: uint(64),
  bigint: bigint(256),
  bytes: bytes(),
  bytes32: bytes(32),
  text: text(1 << 20),
  list: list(bytes()),
  'list of lists with a limit': list(list(list(raw, { max: 64 }), { max: 64 }), { max: 64 }),
  struct: struct({ a: uint(64), b: optional(list(record)), c: optional(raw) }, { extra: 'ignore' }),
  raw,
  tree: tree(),
};
const readers: Record<string, (input: Uint8Array) => unknown> = { validate };
for (const [name, codec] of Object.entries(codecs)) readers[name] = (input) => decode(codec, input);

/** Counts reads of single bytes of the input, which are the steps of a decoder. */
function counted(input: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const bytes = new Proxy(input, {
    get(target, key) {
      if (typeof key === 'string' && /^\d/.test(key)) reads++;
      return Reflect.get(target, key);
    },
  });
  return { bytes, reads: () => reads };
}

/** Nested lists, the innermost empty. */
function nested(levels: number): Uint8Array {
  const writer = new Writer();
  for (let level = 0; level < levels; level++) writer.wrapList(0);
  return writer.finish();
}

describe('deep nesting', () => {
  const deep = nested(1_000_000);

  test('HX-18 a million nested lists are read without recursion', () => {
    expect(deep.length).toBeGreaterThan(3_000_000);
    expect(() => validate(deep)).not.toThrow();
    expect(decode(raw, deep)).toHaveLength(deep.length);
  });

  test('HX-18 an error in the innermost of a million lists is found', () => {
    const faulty = deep.slice();
    faulty[faulty.length - 1] = 0xc1;
    expect(failure(() => validate(faulty))).toMatchObject({
      code: 'overrun',
      offset: deep.length - 1,
    });
    const stringAtTheBottom = deep.slice();
    stringAtTheBottom[stringAtTheBottom.length - 1] = 0x81;
    expect(failure(() => validate(stringAtTheBottom)).code).toBe('overrun');
  });

  test('HX-18 tree stops at its maximum depth when decoding and encoding', () => {
    expect(failure(() => decode(tree({ maxDepth: 1000 }), deep)).code).toBe('too-deep');
    expect(decode(tree({ maxDepth: 1000 }), nested(1000))).toEqual(decode(tree({ maxDepth: 1001 }), nested(1000)));
    const loop: never[] = [];
    loop.push(loop as never);
    expect(failure(() => encode(tree({ maxDepth: 1000 }), loop)).code).toBe('too-deep');
  });

  test.each(Object.keys(readers))('HX-18 %s reads no more of it than necessary', (name) => {
    const { bytes, reads } = counted(deep.subarray(deep.length - 50_000));
    const { bytes: whole, reads: readsOfWhole } = counted(nested(20_000));
    expect(() => readers[name]?.(bytes)).toThrow(RlpError);
    try {
      readers[name]?.(whole);
    } catch (error) {
      expect(error).toBeInstanceOf(RlpError);
    }
    expect(reads()).toBeLessThan(4 * bytes.length);
    expect(readsOfWhole()).toBeLessThan(4 * whole.length);
  });

  test.each([0xc1, 0xc2, 0xf7, 0xf8, 0xfa, 0xff])('HX-18 a megabyte of the prefix 0x%x is refused', (prefix) => {
    const input = new Uint8Array(1 << 20).fill(prefix);
    for (const read of Object.values(readers)) expect(() => read(input)).toThrow(RlpError);
  });
});

describe('huge length prefixes', () => {
  const prefixes = [0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf];
  const inputs = prefixes.flatMap((prefix, i) =>
    [prefix, prefix + 0x40].flatMap((first) => [
      [first, ...new Array(i + 1).fill(0xff)],
      [first, ...new Array(i + 1).fill(0xff), 1, 2, 3],
      [first, 0x80, ...new Array(i).fill(0)],
    ]),
  );

  test.each(inputs)('HX-18 lengths above the input size: %s %s …', (...input) => {
    expect(failure(() => validate(Uint8Array.from(input)))).toMatchObject({
      code: 'truncated',
      offset: 0,
    });
    for (const read of Object.values(readers)) {
      expect(() => read(Uint8Array.from(input))).toThrow(RlpError);
    }
    const inList = Uint8Array.from([0xc0 + input.length, ...input]);
    expect(failure(() => validate(inList))).toMatchObject({ code: 'overrun', offset: 1 });
    expect(failure(() => decode(list(bytes()), inList)).path).toBe('[0]');
  });

  test('HX-18 lengths that 32 bits or a double would round are refused', () => {
    for (const input of [
      'bb0000000100',
      `bf0000000100000001${'00'.repeat(60)}`,
      `bf0100000000000038${'00'.repeat(56)}`,
      `bf0020000000000001${'00'.repeat(60)}`,
      `ff0100000000000038${'00'.repeat(56)}`,
    ]) {
      expect(failure(() => validate(hex(input))).code).toMatch(/truncated|non-canonical-length/);
    }
  });
});

describe('non-canonical lengths', () => {
  test('HX-18 every length has one encoding', () => {
    for (const base of [0x80, 0xc0]) {
      for (const length of [0, 1, 54, 55, 56, 57, 255, 256, 257, 65535, 65536]) {
        const content = new Uint8Array(length).fill(0x80);
        const forms: number[][] = length < 56 ? [[base + length]] : [];
        for (let count = 1; count <= 4; count++) {
          if (length >= 256 ** count) continue;
          const bytes = Array.from({ length: count }, (_, i) => (length >>> (8 * (count - 1 - i))) & 255);
          forms.push([base + 55 + count, ...bytes]);
        }
        const [shortest, ...longer] = forms as [number[], ...number[][]];
        expect(() => validate(Uint8Array.from([...shortest, ...content]))).not.toThrow();
        for (const form of longer) {
          const error = failure(() => validate(Uint8Array.from([...form, ...content])));
          expect([error.code, error.offset]).toEqual(['non-canonical-length', 0]);
        }
      }
    }
  });

  test('HX-18 every byte below 0x80 has one encoding', () => {
    for (let byte = 0; byte < 256; byte++) {
      const input = Uint8Array.of(0x81, byte);
      if (byte < 0x80) expect(failure(() => validate(input)).code).toBe('non-canonical-byte');
      else expect(() => validate(input)).not.toThrow();
    }
  });
});

describe('truncations', () => {
  test.each(Object.entries(vectors.valid))('HX-18 every truncation of %s', (_, vector) => {
    const whole = hex(vector.out);
    for (let length = 0; length < whole.length; length++) {
      const input = whole.subarray(0, length);
      expect(failure(() => validate(input)).code).toBe('truncated');
      expect(failure(() => decodePrefix(tree(), input)).code).toBe('truncated');
      expect(failure(() => decode(raw, input)).code).toBe('truncated');
    }
  });

  test.each(Object.entries(vectors.invalid))('HX-18 every truncation of %s', (_, out) => {
    const whole = hex(out);
    for (let length = 0; length < whole.length; length++) {
      for (const read of Object.values(readers)) {
        const input = whole.subarray(0, length);
        try {
          read(input);
        } catch (error) {
          expect(error).toBeInstanceOf(RlpError);
        }
      }
    }
  });
});

describe('random bytes', () => {
  test('HX-18 any input is decoded or throws an RlpError, in steps linear in its size', () => {
    // Prefixes of lists and small lengths reach deeper than uniform bytes.
    const likely = [0x80, 0x81, 0x82, 0xb8, 0xc0, 0xc1, 0xc2, 0xc8, 0xd0, 0xf7, 0xf8, 0xf9, 0, 56];
    let accepted = 0;
    for (let seed = 1; seed <= 3000; seed++) {
      const random = createSeededRandom(seed * 2654435761).bytes(1 + (seed % 200));
      const input = seed % 2 === 0 ? random : random.map((byte) => likely[byte % likely.length] as number);
      for (const read of Object.values(readers)) {
        const { bytes, reads } = counted(input);
        try {
          read(bytes);
          accepted++;
        } catch (error) {
          if (!(error instanceof RlpError)) throw error;
        }
        expect(reads()).toBeLessThanOrEqual(4 * input.length + 16);
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  test('HX-18 a large list of the smallest items costs one step per item', () => {
    const items = new Uint8Array(200_000).fill(0xc0);
    const writer = new Writer();
    writer.copy(items);
    writer.wrapList(0);
    for (const name of ['validate', 'tree', 'raw', 'list of lists with a limit']) {
      const { bytes, reads } = counted(writer.finish());
      try {
        readers[name]?.(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'too-many-items' });
      }
      expect(reads()).toBeLessThan(4 * bytes.length);
    }
  });
});

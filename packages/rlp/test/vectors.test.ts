import { describe, expect, test } from 'vitest';
import { bigint, decode, encode, type Tree, text, tree, uint, validate } from '../src/index.ts';
import { failure } from './failure.ts';
import { hex, toHex } from './hex.ts';
import vectors from './vectors/ethereum-rlp.json' with { type: 'json' };

type Value = string | number | Value[];

/** Converts integers and texts of a vector to byte strings. */
function asTree(value: Value): Tree {
  if (Array.isArray(value)) return value.map(asTree);
  if (typeof value === 'string' && !value.startsWith('#')) return new TextEncoder().encode(value);
  const digits = BigInt(typeof value === 'string' ? value.slice(1) : value).toString(16);
  return hex(digits === '0' ? '' : digits.length % 2 === 0 ? digits : `0${digits}`);
}

describe('ethereum/tests rlptest', () => {
  for (const [name, vector] of Object.entries(vectors.valid)) {
    const value = vector.in as Value;

    test(name, () => {
      expect(toHex(encode(tree(), asTree(value)))).toBe(vector.out);
      expect(decode(tree(), hex(vector.out))).toEqual(asTree(value));
      expect(() => validate(hex(vector.out))).not.toThrow();
    });

    if (typeof value === 'number') {
      test(`${name} as an integer`, () => {
        expect(toHex(encode(uint(32), value))).toBe(vector.out);
        expect(decode(uint(32), hex(vector.out))).toBe(value);
        expect(toHex(encode(bigint(256), BigInt(value)))).toBe(vector.out);
        expect(decode(bigint(256), hex(vector.out))).toBe(BigInt(value));
      });
    } else if (typeof value === 'string' && value.startsWith('#')) {
      test(`${name} as an integer`, () => {
        expect(toHex(encode(bigint(264), BigInt(value.slice(1))))).toBe(vector.out);
        expect(decode(bigint(264), hex(vector.out))).toBe(BigInt(value.slice(1)));
      });
    } else if (typeof value === 'string') {
      test(`${name} as text`, () => {
        expect(toHex(encode(text(1024), value))).toBe(vector.out);
        expect(decode(text(1024), hex(vector.out))).toBe(value);
      });
    }
  }
});

describe('ethereum/tests invalidRLPTest', () => {
  for (const [name, bytes] of Object.entries(vectors.invalid)) {
    test(name, () => {
      failure(() => validate(hex(bytes)));
      failure(() => decode(tree(), hex(bytes)));
    });
  }
});

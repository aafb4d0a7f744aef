import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import * as rlp from 'rlp';
import { describe, expect, test } from 'vitest';
import {
  bigint,
  bytes,
  decode,
  encode,
  list,
  optional,
  RlpError,
  raw,
  struct,
  type Tree,
  text,
  tree,
  uint,
  validate,
} from '../src/index.ts';
import { hex, toHex } from './hex.ts';

interface Oracle {
  encode(input: rlp.Input): Uint8Array;
  decode(input: Uint8Array): Uint8Array | rlp.NestedUint8Array;
}
const oracles: [string, Oracle][] = [
  ['rlp', { encode: rlp.encode, decode: (input) => rlp.decode(input) }],
  ['@ethereumjs/rlp', { encode: RLP.encode, decode: (input) => RLP.decode(input) }],
];
const anything = tree({ maxDepth: 500 });

/** Converts a tree to text, which compares faster than nested arrays of bytes. */
function show(value: Tree): string {
  return Array.isArray(value) ? `[${value.map(show).join()}]` : toHex(value);
}

/** Byte strings with lengths near those at which the prefix format changes. */
const string = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 3 }) },
  { weight: 2, arbitrary: fc.uint8Array({ minLength: 50, maxLength: 60 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 250, maxLength: 260 }) },
);
const { item } = fc.letrec<{ item: Tree }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    string,
    fc.array(tie('item'), { maxLength: 6 }) as fc.Arbitrary<Tree>,
  ),
}));

/** Valid encodings with a few bytes changed, removed, inserted or truncated. */
const nearlyValid = fc
  .tuple(
    item,
    fc.array(
      fc.record({
        kind: fc.constantFrom('set', 'remove', 'insert', 'cut'),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        byte: fc.oneof(
          fc.constantFrom(0x00, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xb9, 0xc0, 0xc1, 0xf7, 0xf8, 0xf9),
          fc.integer({ min: 0, max: 255 }),
        ),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([value, edits]) => {
    const input = [...encode(anything, value)];
    for (const { kind, at, byte } of edits) {
      const position = Math.floor(at * at * input.length);
      if (kind === 'set') input[position] = byte;
      else if (kind === 'remove') input.splice(position, 1);
      else if (kind === 'insert') input.splice(position, 0, byte);
      else input.length = position;
    }
    return Uint8Array.from(input);
  });
const input = fc.oneof(nearlyValid, fc.uint8Array({ maxLength: 12 }));

/** Returns the result, or undefined for the expected error. */
function attempt<T>(action: () => T, kind: new (...args: never[]) => Error): T | undefined {
  try {
    return action();
  } catch (error) {
    expect(error).toBeInstanceOf(kind);
    return undefined;
  }
}

describe.each(oracles)('against %s', (_, oracle) => {
  test('any value has the same encoding, and it decodes to that value', () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encode(anything, value);
        expect(toHex(encoded)).toBe(toHex(oracle.encode(value)));
        expect(show(decode(anything, encoded))).toBe(show(value));
        expect(show(oracle.decode(encoded))).toBe(show(value));
      }),
      { numRuns: 500 },
    );
  });

  test('an input is accepted exactly if the oracle encodes it to the same bytes', () => {
    let accepted = 0;
    fc.assert(
      fc.property(input, (bytes) => {
        const theirs = attempt(() => oracle.decode(bytes), Error);
        // Every value has one encoding, so an input that is encoded differently was not canonical.
        const allowed = theirs !== undefined && toHex(oracle.encode(theirs)) === toHex(bytes);
        const ours = attempt(() => decode(anything, bytes), RlpError);
        expect(ours !== undefined).toBe(allowed);
        if (ours !== undefined && theirs !== undefined) expect(show(ours)).toBe(show(theirs));
        const valid = attempt(() => validate(bytes) ?? true, RlpError);
        expect(valid === true).toBe(allowed);
        if (allowed) accepted++;
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test('integers, text, lists and structs are encoded like the oracle does', () => {
    const codec = struct({
      safe: uint(64),
      wide: bigint(256),
      hash: bytes(4),
      name: text(100),
      counts: list(uint(53)),
      inner: struct({ first: bigint(64), rest: list(list(bytes())) }),
      tail: optional(uint(32)),
    });
    const integer = fc.oneof(
      fc.maxSafeNat(),
      fc.nat({ max: 300 }),
      fc.nat({ max: 52 }).map((bit) => 2 ** bit),
    );
    const values = fc.record(
      {
        safe: integer,
        wide: fc.oneof(
          fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
          fc.nat({ max: 255 }).map((bit) => 2n ** BigInt(bit)),
        ),
        hash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
        name: fc.string({ unit: 'grapheme', maxLength: 5 }).filter((s) => Buffer.byteLength(s) <= 100),
        counts: fc.array(integer),
        inner: fc.record({
          first: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          rest: fc.array(fc.array(string, { maxLength: 3 }), { maxLength: 3 }),
        }),
        tail: fc.nat(),
      },
      { requiredKeys: ['safe', 'wide', 'hash', 'name', 'counts', 'inner'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(values, (value) => {
        const encoded = encode(codec, value);
        // The oracles read text that starts with 0x as hexadecimal digits, so they get bytes.
        const { safe, wide, hash, counts, inner } = value;
        const name = new TextEncoder().encode(value.name);
        const positional = [safe, wide, hash, name, counts, [inner.first, inner.rest]];
        if (value.tail !== undefined) positional.push(value.tail);
        expect(toHex(encoded)).toBe(toHex(oracle.encode(positional)));
        expect(decode(codec, encoded)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('an integer is accepted exactly if the oracle encodes it to the same bytes', () => {
    const integerBytes = fc.uint8Array({ maxLength: 10 });
    fc.assert(
      fc.property(integerBytes, (content) => {
        const input = encode(bytes(), content);
        const value = content.length === 0 ? 0n : BigInt(`0x${toHex(content)}`);
        const canonical = toHex(oracle.encode(value)) === toHex(input);
        const wide = attempt(() => decode(bigint(80), input), RlpError);
        expect(wide).toBe(canonical ? value : undefined);
        const safe = attempt(() => decode(uint(64), input), RlpError);
        const fits = canonical && value <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(safe).toBe(fits ? Number(value) : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  test('raw items equal the encoding of the oracle', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), (values) => {
        const items = values.map((value) => oracle.encode(value));
        const encoded = encode(list(raw), items);
        expect(toHex(encoded)).toBe(toHex(oracle.encode(values)));
        expect(show(decode(list(raw), encoded))).toBe(show(items));
      }),
      { numRuns: 200 },
    );
  });

  test('it is less strict: it decodes empty input as an empty string', () => {
    expect(oracle.decode(hex(''))).toEqual(hex(''));
    expect(attempt(() => decode(anything, hex('')), RlpError)).toBeUndefined();
  });

  test('it is less strict: only its stack bounds nesting', () => {
    let deep = hex('c0');
    for (let level = 0; level < 10_000; level++) deep = encode(list(raw), [deep]);
    expect(() => oracle.decode(deep)).toThrow(RangeError);
    expect(() => validate(deep)).not.toThrow();
    expect(attempt(() => decode(anything, deep), RlpError)).toBeUndefined();
  });

  test('it is less strict: it accepts integers with leading zeros', () => {
    expect(oracle.decode(hex('820001'))).toEqual(hex('0001'));
    expect(attempt(() => decode(uint(64), hex('820001')), RlpError)).toBeUndefined();
  });
});

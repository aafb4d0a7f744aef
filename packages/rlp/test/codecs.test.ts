import { describe, expect, test } from 'vitest';
import {
  bigint,
  boolean,
  bytes,
  bytesUpTo,
  type Codec,
  decode,
  decodePrefix,
  encode,
  list,
  map,
  optional,
  raw,
  struct,
  text,
  tree,
  uint,
} from '../src/index.ts';
import { failure } from './failure.ts';
import { hex, toHex } from './hex.ts';

const big = 2n ** 255n + 1n;

const pairs: [string, Codec<unknown>, unknown, string][] = [
  ['uint 0', uint(8), 0, '80'],
  ['uint −0', uint(8), -0, '80'],
  ['uint 1', uint(8), 1, '01'],
  ['uint 127', uint(8), 127, '7f'],
  ['uint 128', uint(8), 128, '8180'],
  ['uint 255', uint(8), 255, '81ff'],
  ['uint 256', uint(16), 256, '820100'],
  ['uint 2³¹', uint(32), 2 ** 31, '8480000000'],
  ['uint 2³²−1', uint(32), 2 ** 32 - 1, '84ffffffff'],
  ['uint 2³²', uint(64), 2 ** 32, '850100000000'],
  ['uint 2⁴⁰+1', uint(64), 2 ** 40 + 1, '86010000000001'],
  ['uint 2⁵³−1', uint(64), Number.MAX_SAFE_INTEGER, '871fffffffffffff'],
  ['uint of one bit', uint(1), 1, '01'],
  ['bigint 0', bigint(256), 0n, '80'],
  ['bigint 127', bigint(256), 127n, '7f'],
  ['bigint 128', bigint(256), 128n, '8180'],
  ['bigint 2⁶³', bigint(64), 2n ** 63n, '888000000000000000'],
  ['bigint 2⁶⁴−1', bigint(64), 2n ** 64n - 1n, '88ffffffffffffffff'],
  ['bigint 2⁶⁴', bigint(256), 2n ** 64n, '89010000000000000000'],
  ['bigint 2²⁵⁵+1', bigint(256), big, `a080${'00'.repeat(30)}01`],
  ['bytes, none', bytes(), hex(''), '80'],
  ['bytes, a small one', bytes(), hex('7f'), '7f'],
  ['bytes, a large one', bytes(), hex('80'), '8180'],
  ['bytes, one of one', bytes(1), hex('05'), '05'],
  ['bytes, none of none', bytes(0), hex(''), '80'],
  ['bytes, 55', bytes(55), hex('ab'.repeat(55)), `b7${'ab'.repeat(55)}`],
  ['bytes, 56', bytes(56), hex('ab'.repeat(56)), `b838${'ab'.repeat(56)}`],
  ['bytes, 256', bytes(256), hex('ab'.repeat(256)), `b90100${'ab'.repeat(256)}`],
  ['bytesUpTo, at its limit', bytesUpTo(2), hex('abcd'), '82abcd'],
  ['true', boolean, true, '01'],
  ['false', boolean, false, '80'],
  ['text', text(8), 'grüß', '866772c3bcc39f'],
  ['text with a byte order mark', text(8), '\ufeffa', '84efbbbf61'],
  ['list, empty', list(uint(8)), [], 'c0'],
  ['list, at its limit', list(uint(8), { max: 2 }), [1, 200], 'c30181c8'],
  ['struct', struct({ a: uint(8), b: list(bytes()) }), { a: 1, b: [hex('')] }, 'c301c180'],
  ['struct without fields', struct({}), {}, 'c0'],
  ['raw string', raw, hex('82abcd'), '82abcd'],
  ['raw list', raw, hex('c20102'), 'c20102'],
  ['raw byte', list(raw), [hex('05'), hex('c0')], 'c205c0'],
  ['tree', tree(), [hex('01'), [hex(''), []]], 'c401c280c0'],
];

describe('values and their canonical encoding', () => {
  test.each(pairs)('%s', (_, codec, value, encoding) => {
    expect(toHex(encode(codec, value))).toBe(encoding);
    expect(decode(codec, hex(encoding))).toEqual(value === 0 ? 0 : value);
  });
});

const a = { a: uint(8) };
const tail = struct({ a: uint(8), b: optional(uint(8)), c: optional(uint(8)) });

const refusedInputs: [string, Codec<unknown>, string, string, number][] = [
  ['list for a uint', uint(8), 'c0', 'expected-string', 0],
  ['list for a bigint', bigint(8), 'c0', 'expected-string', 0],
  ['list for bytes', bytes(), 'f838', 'expected-string', 0],
  ['string for a list', list(uint(8)), '80', 'expected-list', 0],
  ['byte for a struct', struct(a), '05', 'expected-list', 0],
  ['zero byte as an integer', uint(8), '00', 'leading-zero', 0],
  ['zero byte as a bigint', bigint(8), '00', 'leading-zero', 0],
  ['zero byte as a boolean', boolean, '00', 'invalid-boolean', 0],
  ['integer with a leading zero', uint(32), '820001', 'leading-zero', 0],
  ['bigint with a leading zero', bigint(256), `a000${'ff'.repeat(31)}`, 'leading-zero', 0],
  ['uint8 of 256', uint(8), '820100', 'out-of-range', 0],
  ['uint of one bit of 2', uint(1), '02', 'out-of-range', 0],
  ['uint64 of 2⁵³', uint(64), '8720000000000000', 'out-of-range', 0],
  ['uint64 of 2⁵³+1', uint(64), '8720000000000001', 'out-of-range', 0],
  ['uint64 of 2⁶⁴−1', uint(64), '88ffffffffffffffff', 'out-of-range', 0],
  ['uint64 of a mebibyte', uint(64), `ba100000${'ff'.repeat(1 << 20)}`, 'out-of-range', 0],
  ['bigint wider in bytes', bigint(64), '89010000000000000000', 'out-of-range', 0],
  ['bigint wider in bits', bigint(63), '888000000000000000', 'out-of-range', 0],
  ['20 bytes for 32', bytes(32), `94${'ab'.repeat(20)}`, 'wrong-length', 0],
  ['no bytes for one', bytes(1), '80', 'wrong-length', 0],
  ['one byte for two', bytes(2), '05', 'wrong-length', 0],
  ['too many bytes', bytesUpTo(1), '82abcd', 'too-long', 0],
  ['too long a text', text(1), '826161', 'too-long', 0],
  ['malformed UTF-8', text(8), '82c328', 'invalid-text', 0],
  ['a surrogate in UTF-8', text(8), '83eda080', 'invalid-text', 0],
  ['boolean of 2', boolean, '02', 'invalid-boolean', 0],
  ['boolean of two bytes', boolean, '820101', 'invalid-boolean', 0],
  ['prefix before a small byte', uint(8), '8105', 'non-canonical-byte', 0],
  ['prefix before a small byte in bytes(1)', bytes(1), '8105', 'non-canonical-byte', 0],
  ['long form of a short string', bytes(), `b837${'ab'.repeat(55)}`, 'non-canonical-length', 0],
  ['long form of no string', bytes(), 'b800', 'non-canonical-length', 0],
  ['zero in a length', bytes(), `b90038${'ab'.repeat(56)}`, 'non-canonical-length', 0],
  ['long form of a short list', list(uint(8)), 'f80101', 'non-canonical-length', 0],
  ['zero in a list length', raw, `f90038${'01'.repeat(56)}`, 'non-canonical-length', 0],
  ['no input', uint(8), '', 'truncated', 0],
  ['half a string', bytes(), '82ab', 'truncated', 0],
  ['half a length', bytes(), 'b9ff', 'truncated', 0],
  ['half a list', list(uint(8)), 'c201', 'truncated', 0],
  ['string longer than its list', list(bytes()), 'c282abcd', 'overrun', 1],
  ['list longer than its list', list(list(uint(8))), 'c1c20101', 'overrun', 1],
  ['length cut by its list', list(bytes()), 'c1b8', 'overrun', 1],
  ['trailing bytes', uint(8), '0500', 'trailing-bytes', 1],
  ['trailing bytes after a list', list(uint(8)), 'c1050102', 'trailing-bytes', 2],
  ['one item too many', struct(a), 'c20102', 'too-many-items', 2],
  ['one item too few', struct({ ...a, b: uint(8) }), 'c101', 'too-few-items', 2],
  ['an empty list for a struct', tail, 'c0', 'too-few-items', 1],
  ['too many items after an optional tail', tail, 'c401020304', 'too-many-items', 4],
  ['three items of two', list(uint(8), { max: 2 }), 'c3010203', 'too-many-items', 0],
  ['one item of none', list(raw, { max: 0 }), 'c1c0', 'too-many-items', 0],
  ['three levels of two', tree({ maxDepth: 2 }), 'c2c1c0', 'too-deep', 2],
];

describe('invalid inputs', () => {
  test.each(refusedInputs)('%s', (_, codec, input, code, offset) => {
    const error = failure(() => decode(codec, hex(input)));
    expect([error.code, error.offset]).toEqual([code, offset]);
    expect(error.message).toContain(`at byte ${offset}`);
  });
});

const refusedValues: [string, (value: never) => unknown, unknown, string][] = [
  ['negative uint', (v) => encode(uint(8), v), -1, 'out-of-range'],
  ['fraction', (v) => encode(uint(8), v), 1.5, 'out-of-range'],
  ['NaN', (v) => encode(uint(64), v), Number.NaN, 'out-of-range'],
  ['Infinity', (v) => encode(uint(64), v), Number.POSITIVE_INFINITY, 'out-of-range'],
  ['unsafe integer', (v) => encode(uint(64), v), 2 ** 53, 'out-of-range'],
  ['uint8 of 256', (v) => encode(uint(8), v), 256, 'out-of-range'],
  ['text for a uint', (v) => encode(uint(8), v), '1', 'invalid-value'],
  ['bigint for a uint', (v) => encode(uint(8), v), 1n, 'invalid-value'],
  ['negative bigint', (v) => encode(bigint(8), v), -1n, 'out-of-range'],
  ['bigint too wide', (v) => encode(bigint(63), v), 2n ** 63n, 'out-of-range'],
  ['number for a bigint', (v) => encode(bigint(8), v), 1, 'invalid-value'],
  ['20 bytes for 32', (v) => encode(bytes(32), v), new Uint8Array(20), 'wrong-length'],
  ['array for bytes', (v) => encode(bytes(), v), [1], 'invalid-value'],
  ['text for 2 bytes', (v) => encode(bytes(2), v), 'ab', 'invalid-value'],
  ['too many bytes', (v) => encode(bytesUpTo(1), v), new Uint8Array(2), 'too-long'],
  ['undefined for bytes', (v) => encode(bytesUpTo(1), v), undefined, 'invalid-value'],
  ['number for a boolean', (v) => encode(boolean, v), 1, 'invalid-value'],
  ['bytes for text', (v) => encode(text(8), v), new Uint8Array(1), 'invalid-value'],
  ['text too long as UTF-8', (v) => encode(text(2), v), 'aß', 'too-long'],
  ['lone surrogate', (v) => encode(text(8), v), 'a\ud800', 'invalid-text'],
  ['bytes for a list', (v) => encode(list(uint(8)), v), new Uint8Array(2), 'invalid-value'],
  ['three items of two', (v) => encode(list(uint(8), { max: 2 }), v), [1, 2, 3], 'too-many-items'],
  ['null for a struct', (v) => encode(struct(a), v), null, 'invalid-value'],
  ['field left out', (v) => encode(struct(a), v), {}, 'invalid-value'],
  ['an optional value after an absent one', (v) => encode(tail, v), { a: 1, c: 3 }, 'optional-gap'],
  ['text for raw', (v) => encode(raw, v), '80', 'invalid-value'],
  ['number in a tree', (v) => encode(tree(), v), [[1]], 'invalid-value'],
  ['three levels of two', (v) => encode(tree({ maxDepth: 2 }), v), [[[]]], 'too-deep'],
];

describe('invalid values', () => {
  test.each(refusedValues)('%s', (_, write, value, code) => {
    const error = failure(() => write(value as never));
    expect([error.code, error.offset]).toEqual([code, -1]);
  });

  test('an invalid value does not affect the next one', () => {
    const codec = list(uint(8));
    failure(() => encode(codec, [256, 2, 3]));
    expect(toHex(encode(codec, [1]))).toBe('c101');
  });
});

describe('struct', () => {
  test('absent trailing fields are absent from the object', () => {
    expect(Object.keys(decode(tail, hex('c101')))).toEqual(['a']);
    expect(decode(tail, hex('c20102'))).toEqual({ a: 1, b: 2 });
    expect(decode(tail, hex('c3010203'))).toEqual({ a: 1, b: 2, c: 3 });
    expect(toHex(encode(tail, { a: 1 }))).toBe('c101');
    expect(toHex(encode(tail, { a: 1, b: 2 }))).toBe('c20102');
    expect(toHex(encode(tail, { a: 1, b: 2, c: 3 }))).toBe('c3010203');
  });

  test('present trailing fields are checked like any field', () => {
    expect(failure(() => decode(tail, hex('c20100'))).path).toBe('b');
  });

  test('EIP-8: extra items are ignored with the option', () => {
    const tolerant = struct(a, { extra: 'ignore' });
    expect(decode(tolerant, hex('c60102c20102c0'))).toEqual({ a: 1 });
    expect(failure(() => decode(tolerant, hex('c201b8'))).code).toBe('overrun');
    expect(toHex(encode(tolerant, { a: 1 }))).toBe('c101');
  });

  test('a required field after an optional one is refused when the struct is created', () => {
    expect(() => struct({ a: optional(uint(8)), b: uint(8) })).toThrow(
      'fields.b is an object, expected an optional field',
    );
  });

  test('properties that are not fields are not encoded', () => {
    const value = { a: 1, other: 2 };
    expect(toHex(encode(struct(a), value))).toBe('c101');
  });

  test('a decoded object is plain and has its fields in order', () => {
    const names = Array.from({ length: 40 }, (_, i) => `field${i}`);
    const wide = struct(Object.fromEntries(names.map((name) => [name, uint(8)])));
    const value = decode(wide, encode(wide, Object.fromEntries(names.map((name, i) => [name, i]))));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value)).toEqual(names.map((name, i) => [name, i]));
  });
});

describe('map', () => {
  const date = map(
    uint(32),
    (seconds) => new Date(seconds * 1000),
    (value) => value.getTime() / 1000,
  );

  test('converts values', () => {
    const noon = new Date('2026-01-01T12:00:00Z');
    expect(decode(date, encode(date, noon))).toEqual(noon);
  });

  test('errors of its functions are the cause of an RlpError', () => {
    const cause = new Error('not today');
    const never = map(
      uint(8),
      () => {
        throw cause;
      },
      () => {
        throw cause;
      },
    );
    const decoding = failure(() => decode(list(never), hex('c20102')));
    expect(decoding).toMatchObject({ code: 'invalid-value', offset: 1, path: '[0]', cause });
    expect(decoding.message).toBe('[0]: not today at byte 1');
    expect(failure(() => encode(never, undefined as never))).toMatchObject({ offset: -1, cause });
  });

  test('its functions may encode and decode', () => {
    const inner = list(uint(8));
    const nested = map(
      bytes(),
      (content) => decode(inner, content),
      (value: number[]) => encode(inner, value),
    );
    const codec = list(nested);
    const value = [[1, 2], [], [200]];
    expect(toHex(encode(codec, value))).toBe('ca83c2010281c083c281c8');
    expect(decode(codec, encode(codec, value))).toEqual(value);
  });
});

describe('memory', () => {
  test('decoded bytes are views of the input', () => {
    const input = hex('ffffc482abcd05ff').subarray(2, 7);
    const [string, byte] = decode(list(bytes()), input) as [Uint8Array, Uint8Array];
    expect([string, byte]).toEqual([hex('abcd'), hex('05')]);
    input.set([1, 2, 3], 2);
    expect([string, byte]).toEqual([hex('0102'), hex('03')]);
    expect(decode(raw, input)).toEqual(input);
    expect(decode(raw, input).buffer).toBe(input.buffer);
  });

  test('encoded bytes have the exact size and are not shared', () => {
    const codec = list(bytes());
    const first = encode(codec, [hex('abcd')]);
    const second = encode(codec, [hex('ef')]);
    expect(first.buffer.byteLength).toBe(4);
    expect(first.buffer).not.toBe(second.buffer);
    expect([toHex(first), toHex(second)]).toEqual(['c382abcd', 'c281ef']);
  });

  test('a Buffer is accepted as bytes', () => {
    expect(decode(bytes(), Buffer.from('82abcd', 'hex'))).toEqual(hex('abcd'));
    expect(toHex(encode(bytes(2), Buffer.from('abcd', 'hex')))).toBe('82abcd');
  });
});

describe('decodePrefix', () => {
  test('decodes one item and returns its length', () => {
    const file = hex('c20102c0ff');
    const first = decodePrefix(list(uint(8)), file);
    expect(first).toEqual({ value: [1, 2], length: 3 });
    expect(decodePrefix(list(uint(8)), file.subarray(3))).toEqual({ value: [], length: 1 });
  });

  test('the item must be complete', () => {
    expect(failure(() => decodePrefix(bytes(), hex('82ab'))).code).toBe('truncated');
  });
});

describe('list', () => {
  test('a list that is too long is refused before an item is read', () => {
    let reads = 0;
    const counted: Codec<number> = {
      read(reader) {
        reads++;
        return reader.uint(255);
      },
      write: () => {},
    };
    failure(() => decode(list(counted, { max: 2 }), hex('c3010203')));
    expect(reads).toBe(0);
    decode(list(counted, { max: 3 }), hex('c3010203'));
    expect(reads).toBe(3);
  });

  test('its limit counts items, not bytes', () => {
    const codec = list(bytes(), { max: 2 });
    expect(decode(codec, hex('c682abcd82abcd'))).toHaveLength(2);
    expect(failure(() => decode(codec, hex('c782abcd82abcd05'))).code).toBe('too-many-items');
  });

  test('an exceeded limit is reported for the list, not for an item', () => {
    const codec = list(list(uint(8), { max: 2 }));
    const error = failure(() => decode(codec, hex('c5c0c3010203')));
    expect(error).toMatchObject({ code: 'too-many-items', path: '[1]', offset: 2 });
  });

  test('an invalid item is reported with its index after counting', () => {
    const error = failure(() => decode(list(uint(8), { max: 3 }), hex('c50182010005')));
    expect(error).toMatchObject({ code: 'out-of-range', path: '[1]', offset: 2 });
  });

  test('a malformed item is reported with its index while counting', () => {
    const error = failure(() => decode(list(bytes(), { max: 2 }), hex('c582abcd82ab')));
    expect(error).toMatchObject({ code: 'overrun', path: '[1]', offset: 4 });
  });
});

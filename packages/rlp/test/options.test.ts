import { expect, test } from 'vitest';
import {
  bigint,
  bytes,
  bytesUpTo,
  decode,
  decodePrefix,
  encode,
  list,
  map,
  optional,
  Reader,
  RlpError,
  struct,
  text,
  tree,
  uint,
  validate,
} from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;

test.each<[string, () => unknown, string]>([
  ['no bits', () => uint(any(undefined)), 'bits is undefined, expected an integer of at least 1'],
  ['bits as text', () => bigint(any('64')), 'bits is "64", expected an integer of at least 1'],
  ['an integer of no bits', () => uint(0), 'bits is 0, expected an integer of at least 1'],
  ['a negative length', () => bytes(-1), 'length is -1, expected an integer of at least 0'],
  ['null for any length', () => bytes(any(null)), 'length is null, expected an integer of at least 0'],
  [
    'no limit of bytes',
    () => bytesUpTo(any(undefined)),
    'max is undefined, expected an integer of at least 0, or Infinity',
  ],
  ['no limit of text', () => text(Number.NaN), 'maxBytes is NaN, expected an integer of at least 0, or Infinity'],
  ['a list of nothing', () => list(any(undefined)), 'item is undefined, expected a codec'],
  ['the constructor of a codec', () => list(any(uint)), 'item is a function, expected a codec'],
  ['a misspelt limit', () => list(uint(8), any({ maximum: 5 })), 'list has no option "maximum", known options: max'],
  ['a limit for options', () => list(uint(8), any(5)), 'the options argument of list is 5, expected an object'],
  [
    'a limit as text',
    () => list(uint(8), { max: any('5') }),
    'max is "5", expected an integer of at least 0, or Infinity',
  ],
  ['a struct of nothing', () => struct(any(undefined)), 'fields is undefined, expected an object'],
  [
    'a field that is not there',
    () => struct({ a: uint(8), b: any(undefined) }),
    'fields.b is undefined, expected an object',
  ],
  ['a field that is no codec', () => struct({ a: any({}) }), 'fields.a is an object, expected a codec'],
  ['an optional field of nothing', () => struct({ a: any({ optional: 5 }) }), 'fields.a is 5, expected a codec'],
  [
    'a field after an optional one',
    () => struct({ a: optional(uint(8)), b: uint(8) }),
    'fields.b is an object, expected an optional field after an optional field',
  ],
  [
    'another word for extra items',
    () => struct({}, { extra: any('skip') }),
    'extra is "skip", expected "refuse" or "ignore"',
  ],
  ['an option of nothing', () => optional(any(null)), 'codec is null, expected a codec'],
  ['a map of nothing', () => map(any(5), String, Number), 'codec is 5, expected a codec'],
  ['a map of one direction', () => map(uint(8), String, any(undefined)), 'encode is undefined, expected a function'],
  ['a depth as text', () => tree({ maxDepth: any('1') }), 'maxDepth is "1", expected an integer of at least 0'],
  ['hex to decode', () => decode(uint(8), any('0x05')), 'bytes is "0x05", expected a Uint8Array'],
  ['nothing to decode', () => decodePrefix(uint(8), any(undefined)), 'bytes is undefined, expected a Uint8Array'],
  ['numbers to validate', () => validate(any([5])), 'bytes is an array of 1, expected a Uint8Array'],
  ['hex to read', () => new Reader(any('05')), 'bytes is "05", expected a Uint8Array'],
])('%s', (_, call, message) => {
  const refusal = { name: 'RlpError', code: 'invalid-option', message };
  expect(call).toThrow(expect.objectContaining(refusal));
  expect(call).toThrow(RlpError);
});

test('minimum and maximum limits are accepted', () => {
  const bare = list(bytesUpTo(0), { max: Number.POSITIVE_INFINITY });
  expect(decode(bare, encode(bare, [new Uint8Array()]))).toHaveLength(1);
  expect(decode(uint(1), encode(uint(1), 1))).toBe(1);
  expect(decode(bytes(0), encode(bytes(0), new Uint8Array()))).toHaveLength(0);
});

test('an error has message, offset and path in JSON', () => {
  let refused: unknown;
  try {
    encode(struct({ items: list(uint(8)) }), { items: [1, 256] });
  } catch (error) {
    refused = error;
  }
  expect(JSON.parse(JSON.stringify(refused))).toEqual({
    name: 'RlpError',
    code: 'out-of-range',
    message: 'items[1]: 256 is not an integer from 0 to 255',
    offset: -1,
    path: 'items[1]',
  });
});

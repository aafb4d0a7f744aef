import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  abortSignal,
  any,
  array,
  boolean,
  bytes,
  type Checker,
  createChecker,
  func,
  integer,
  methods,
  nonNegative,
  object,
  oneOf,
  positive,
  type Rule,
  required,
  secret,
  string,
  uint,
} from '../src/index.ts';

type Code = 'invalid-option' | 'other';

class OwnError extends Error {
  override readonly name = 'OwnError';
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const check: Checker = createChecker(OwnError, 'invalid-option');

/** Returns the error of a call, which must have the given class and code. */
function messageOf(call: () => void): string | undefined {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(OwnError);
    expect(error).toMatchObject({ name: 'OwnError', code: 'invalid-option' });
    return (error as Error).message;
  }
  return undefined;
}

describe('options', () => {
  interface Options {
    readonly privateKey: Uint8Array | string;
    readonly timeout?: number | undefined;
    readonly onMessage?: (() => void) | undefined;
  }
  const rules = { privateKey: required(secret(bytes(32))), timeout: positive, onMessage: func };
  const of = (options: unknown) => messageOf(() => check.options('connect', options as Options, rules));
  const privateKey = new Uint8Array(32);

  test.each([
    ['the required one alone', { privateKey }],
    ['one that is undefined', { privateKey, timeout: undefined }],
    ['all', { privateKey, timeout: 1, onMessage: () => {} }],
    ['properties that are inherited', Object.create({ more: 1, privateKey })],
  ])('%s', (_, options) => {
    expect(of(options)).toBeUndefined();
  });

  test.each([
    [undefined, 'the options argument of connect is undefined, expected an object'],
    ['key', 'the options argument of connect is "key", expected an object'],
    [{}, 'privateKey is undefined, expected a Uint8Array of 32 bytes'],
    [{ privateKey: null }, 'privateKey is null, expected a Uint8Array of 32 bytes'],
    [{ privateKey, timeout: '5' }, 'timeout is "5", expected a positive number'],
    [{ privateKey, timeout: null }, 'timeout is null, expected a positive number'],
    [
      { privateKey, timout: 5 },
      'connect has no option "timout" (did you mean "timeout"?), known options: privateKey, timeout, onMessage',
    ],
    [
      { privateKey, colour: undefined },
      'connect has no option "colour", known options: privateKey, timeout, onMessage',
    ],
    [
      { privateKey, constructor: 1 },
      'connect has no option "constructor", known options: privateKey, timeout, onMessage',
    ],
    [
      { [`${'x'.repeat(1000)}`]: 1 },
      `connect has no option "${'x'.repeat(40)}…", known options: privateKey, timeout, onMessage`,
    ],
  ])('%j: %s', (options, message) => {
    expect(of(options)).toBe(message);
  });

  test.each([
    ['c0ffee'.repeat(11), 'a string of 66 characters'],
    [BigInt(`0x${'c0ffee'.repeat(10)}`), 'a bigint'],
    [new Uint8Array(31).fill(0xc0), 'a Uint8Array of 31 bytes'],
    [[0xc0, 0xff, 0xee], 'an array of 3'],
    [12648430, 'a number'],
    [() => 'c0ffee', 'a function'],
  ])('a secret is not shown: %s', (value, shown) => {
    expect(of({ privateKey: value })).toBe(`privateKey is ${shown}, expected a Uint8Array of 32 bytes`);
  });
});

test('fields of an object with other properties', () => {
  const node = { host: '192.0.2.1', tcp: 30303, more: true };
  const of = (value: unknown) =>
    messageOf(() =>
      check.fields('node', value as typeof node, {
        host: required(string),
        tcp: integer(1, 65_535),
      }),
    );
  expect(of(node)).toBeUndefined();
  expect(of({ ...node, tcp: undefined })).toBeUndefined();
  expect(of(null)).toBe('node is null, expected an object');
  expect(of({})).toBe('node.host is undefined, expected a string');
  expect(of({ ...node, tcp: 0 })).toBe('node.tcp is 0, expected an integer from 1 to 65535');
});

test('elements', () => {
  const of = (values: unknown) => messageOf(() => check.elements('hashes', values as unknown[], bytes(32)));
  expect(of([])).toBeUndefined();
  expect(of([new Uint8Array(32)])).toBeUndefined();
  expect(of('0x')).toBe('hashes is "0x", expected an array');
  expect(of([new Uint8Array(32), '0x'])).toBe('hashes[1] is "0x", expected a Uint8Array of 32 bytes');
  // biome-ignore lint/suspicious/noSparseArray: a hole is not a value
  expect(of([, new Uint8Array(32)])).toBe('hashes[0] is undefined, expected a Uint8Array of 32 bytes');
});

test('a custom rule', () => {
  expect(messageOf(() => check.fail('host', 'nowhere', 'an IP address'))).toBe(
    'host is "nowhere", expected an IP address',
  );
});

describe('rules', () => {
  const signal = new AbortController().signal;
  test.each<[string, Rule, readonly unknown[], readonly unknown[]]>([
    ['a value', any, [0, null, ''], [undefined]],
    ['true or false', boolean, [true, false], [0, 'true', null]],
    ['a string', string, ['', 'a'], [0, new String('a'), null]],
    ['a function', func, [() => {}, class {}], [{}, null]],
    ['an object', object, [{}, [], new Map()], [null, 'a', () => {}]],
    ['an array', array, [[], [1]], [{ length: 1 }, 'a', new Uint8Array(1)]],
    ['a positive number', positive, [0.1, 1, Number.POSITIVE_INFINITY], [0, -1, Number.NaN, 1n]],
    ['a number of at least 0', nonNegative, [0, 0.1], [-0.1, Number.NaN, '0']],
    ['an integer of at least 1', integer(1), [1, 2 ** 53 - 1], [0, 1.5, 2 ** 53, Infinity, 1n, '1']],
    ['an integer from 0 to 9', integer(0, 9), [0, 9], [-1, 10, Number.NaN]],
    ['a bigint from 0n to 2n ** 64n - 1n', uint(64), [0n, 2n ** 64n - 1n], [-1n, 2n ** 64n, 1]],
    ['a Uint8Array', bytes(), [new Uint8Array(), Buffer.of(1)], [[1], 'ab', new ArrayBuffer(1)]],
    ['a Uint8Array of 2 bytes', bytes(2), [new Uint8Array(2)], [new Uint8Array(1)]],
    ['"a" or "b"', oneOf('a', 'b'), ['a', 'b'], ['c', '', undefined]],
    ['an object with the method get', methods('get'), [new Map()], [{}, null, undefined, 5, 'a']],
    ['an object with the methods get, set', methods('get', 'set'), [new Map()], [{ get() {} }]],
    ['an AbortSignal', abortSignal, [signal], [{}, new AbortController(), null]],
  ])('%s', (expected, rule, good, bad) => {
    expect(rule.expected).toBe(expected);
    for (const value of good) {
      expect(messageOf(() => check.value('it', value, rule))).toBeUndefined();
    }
    for (const value of bad) {
      expect(messageOf(() => check.value('it', value, rule))).toMatch(/^it is .+, expected /);
    }
  });
});

describe('a value in a message', () => {
  const shown = (value: unknown) => messageOf(() => check.fail('it', value, 'another'))?.slice(6, -18);

  test.each([
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [-0, '-0'],
    [10n ** 50n, `1${'0'.repeat(39)}…n`],
    [-5n, '-5n'],
    [1n << 1_000_000n, 'a huge bigint'],
    ['line\n"quoted"\u001b', '"line\\n\\"quoted\\"\\u001b"'],
    [Symbol('s'), 'Symbol(s)'],
    [new Map(), 'an object'],
    [Object.create(null), 'an object'],
  ])('%s', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test('is short and on one line for every type', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withTypedArray: true }), (value) => {
        const text = shown(value) ?? '';
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThan(300);
        expect(text).not.toMatch(/[\n\r]/);
      }),
    );
  });
});

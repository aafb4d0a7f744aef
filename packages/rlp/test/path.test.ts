import { describe, expect, test } from 'vitest';
import { type Codec, decode, encode, list, map, optional, RlpError, struct, tree, uint } from '../src/index.ts';
import { failure } from './failure.ts';
import { hex } from './hex.ts';

const transaction = struct({ nonce: uint(64), access: optional(list(list(uint(8)))) });
const block = struct({ number: uint(64), transactions: list(transaction) });
const blocks = list(block);

/** Codec of the same shape that accepts inputs that `blocks` refuses. */
const lax = tree();
const encodeLax = (value: Parameters<typeof lax.write>[1]) => encode(lax, value);
const zero = hex('00');
const one = hex('01');

describe('path and offset of an invalid input', () => {
  test.each([
    ['outermost', zero, '', 0],
    ['a field', [[zero, []]], '[0].number', 2],
    ['a field of an item', [[one, [[one], [one], [zero]]]], '[0].transactions[2].nonce', 9],
    [
      'an item of a field',
      [
        [one, []],
        [one, one],
      ],
      '[1].transactions',
      6,
    ],
    ['lists in lists', [[one, [[one, [[], [one, zero]]]]]], '[0].transactions[0].access[1][1]', 10],
    ['an item too few', [[one]], '[0].transactions', 3],
    ['an item too many', [[one, [], []]], '[0]', 4],
  ])('%s', (_, value, path, offset) => {
    const error = failure(() => decode(blocks, encodeLax(value)));
    expect([error.path, error.offset]).toEqual([path, offset]);
    expect(error.message.startsWith(path && `${path}: `)).toBe(true);
  });

  test('a tree reports positions', () => {
    expect(failure(() => decode(tree(), hex('c301c18a'))).path).toBe('[1][0]');
  });
});

test('path of an invalid value', () => {
  const good = { nonce: 1 };
  const error = failure(() =>
    encode(blocks, [
      { number: 1, transactions: [] },
      { number: 2, transactions: [good, { nonce: 1, access: [[1], [2, 256]] }, good] },
    ]),
  );
  expect(error.path).toBe('[1].transactions[1].access[1][1]');
  expect(error.message).toBe(`${error.path}: 256 is not an integer from 0 to 255`);
});

test('a custom codec adds its parts to the path, and other errors are unchanged', () => {
  const bug = new TypeError('a bug');
  const pair: Codec<[number, number]> = {
    read(reader) {
      const outerEnd = reader.enterList();
      let part = 'left';
      try {
        const left = reader.uint(255);
        part = 'right';
        const right = reader.uint(255);
        reader.leave(outerEnd);
        return [left, right];
      } catch (error) {
        throw RlpError.within(error, part);
      }
    },
    write() {
      throw bug;
    },
  };
  expect(failure(() => decode(list(pair), hex('c3c20100'))).path).toBe('[0].right');
  expect(() => encode(struct({ pair }), { pair: [1, 2] })).toThrow(bug);
});

test('an RlpError from a map keeps its code', () => {
  const odd = map(
    uint(8),
    (value) => {
      if (value % 2 === 0) throw new RlpError('out-of-range', 'even');
      return value;
    },
    (value) => value,
  );
  expect(failure(() => decode(list(odd), hex('c20102')))).toMatchObject({
    name: 'RlpError',
    code: 'out-of-range',
    path: '[1]',
    message: '[1]: even',
  });
});

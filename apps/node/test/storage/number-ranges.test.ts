import { decode, encode, RlpError } from '@devp2p/rlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gapsIn, type NumberRanges, numberRangesCodec, upTo, withNumbers } from '../../src/storage/number-ranges.ts';

const numbers = (ranges: NumberRanges): number[] =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

test('ranges are a set of numbers, after any sequence of additions and cuts', () => {
  const step = fc.oneof(fc.record({ first: fc.nat(60), length: fc.nat(9) }), fc.record({ cut: fc.nat(60) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let ranges: NumberRanges = [];
      const set = new Set<number>();
      for (const one of steps) {
        if ('cut' in one) {
          ranges = upTo(ranges, one.cut);
          for (const number of [...set]) if (number > one.cut) set.delete(number);
        } else {
          const last = one.first + one.length;
          ranges = withNumbers(ranges, { first: one.first, last });
          for (let number = one.first; number <= last; number++) set.add(number);
        }
        expect(numbers(ranges)).toEqual([...set].sort((a, b) => a - b));
      }
      // The ranges are minimal, so that decoding returns the encoded ranges.
      expect(decode(numberRangesCodec, encode(numberRangesCodec, ranges))).toEqual(ranges);
    }),
  );
});

test('of too many ranges the highest are kept', () => {
  let ranges: NumberRanges = [];
  for (let i = 0; i < 2_000; i++) ranges = withNumbers(ranges, { first: 2 * i, last: 2 * i });
  expect([ranges.length, ranges[0]?.first, ranges.at(-1)?.last]).toEqual([1_024, 1_952, 3_998]);
});

test.each<[NumberRanges, number, NumberRanges]>([
  [[], 3, [{ first: 0, last: 3 }]],
  [[{ first: 0, last: 3 }], 3, []],
  [[{ first: 0, last: 0 }], 9, [{ first: 1, last: 9 }]],
  [
    [
      { first: 2, last: 4 },
      { first: 6, last: 6 },
    ],
    8,
    [
      { first: 0, last: 1 },
      { first: 5, last: 5 },
      { first: 7, last: 8 },
    ],
  ],
])('gaps in %j up to %i', (ranges, last, gaps) => {
  expect(gapsIn(ranges, last)).toEqual(gaps);
});

test.each<[string, NumberRanges]>([
  ['end before they begin', [{ first: 5, last: 4 }]],
  [
    'overlap',
    [
      { first: 1, last: 4 },
      { first: 4, last: 6 },
    ],
  ],
  [
    'touch',
    [
      { first: 1, last: 4 },
      { first: 5, last: 6 },
    ],
  ],
  [
    'descend',
    [
      { first: 8, last: 9 },
      { first: 1, last: 2 },
    ],
  ],
])('a record of ranges that %s is refused', (_, ranges) => {
  expect(() => decode(numberRangesCodec, encode(numberRangesCodec, ranges))).toThrow(RlpError);
});

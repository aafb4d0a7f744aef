import { type Codec, list, map, RlpError, struct, uint } from '@devp2p/rlp';

/** Block numbers from `first` to `last`, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** Maximum number of ranges: of more, those with the lowest numbers are dropped. */
const maxRanges = 1_024;

/** An immutable set of block numbers as ranges, ascending, with gaps between them. */
export type NumberRanges = readonly NumberRange[];

/** The ranges with a range added. */
export function withNumbers(ranges: NumberRanges, { first, last }: NumberRange): NumberRanges {
  const below = ranges.filter((range) => range.last < first - 1);
  const above = ranges.filter((range) => range.first > last + 1);
  const joined = ranges.slice(below.length, ranges.length - above.length);
  const one = {
    first: Math.min(first, joined[0]?.first ?? first),
    last: Math.max(last, joined.at(-1)?.last ?? last),
  };
  return [...below, one, ...above].slice(-maxRanges);
}

/** The ranges without the numbers above `number`. */
export function upTo(ranges: NumberRanges, number: number): NumberRanges {
  return ranges
    .filter(({ first }) => first <= number)
    .map((range) => (range.last > number ? { ...range, last: number } : range));
}

/** The numbers from 0 to `last` that are not in the ranges. */
export function gapsIn(ranges: NumberRanges, last: number): NumberRanges {
  const gaps: NumberRange[] = [];
  let next = 0;
  for (const range of [...ranges, { first: last + 1, last: last + 1 }]) {
    if (range.first > next) gaps.push({ first: next, last: range.first - 1 });
    next = range.last + 1;
  }
  return gaps;
}

/** `[[first, last], …]` */
export const numberRangesCodec: Codec<NumberRanges> = map(
  list(struct({ first: uint(53), last: uint(53) }), { max: maxRanges }),
  (ranges: NumberRange[]) => {
    for (const [i, { first, last }] of ranges.entries()) {
      const before = ranges[i - 1];
      if (last < first || (before !== undefined && first <= before.last + 1)) {
        throw new RlpError('invalid-value', 'ranges that overlap or do not ascend');
      }
    }
    return ranges as NumberRanges;
  },
  (ranges) => [...ranges],
);

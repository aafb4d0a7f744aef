import { parseArgs } from 'node:util';

export interface Arguments {
  /** Print the usage and end. */
  readonly help: boolean;
  /** Names of cases, or their beginnings; empty for all. */
  readonly cases: readonly string[];
  /** Commit to compare with, instead of other implementations. */
  readonly against: string | undefined;
  /** Lowest ratio to the other commit that passes. */
  readonly atLeast: number;
  readonly rounds: number;
  /** Length of a slice in ms. */
  readonly slice: number;
  /** File for the figures of all rounds. */
  readonly json: string | undefined;
}

export const usage = `npm run bench -- [CASE…] [--against REF] [--rounds N] [--slice MS] [--json FILE]
  CASE             run only the cases whose names begin with this
  --against REF    compare with this commit of ours, built in a temporary work tree, instead of with others;
                   the exit code is 1 if a row is below --at-least
  --at-least RATIO lowest ratio to REF that passes, 0.95 by default
  --rounds N       rounds for each implementation, 7 by default, 5 with --against; use at least 5
  --slice MS       length of a slice, 300 by default
  --json FILE      write the figures of all rounds to a file
  --help           print this text`;

/** @throws RangeError or TypeError for invalid arguments. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      against: { type: 'string' },
      'at-least': { type: 'string' },
      rounds: { type: 'string' },
      slice: { type: 'string', default: '300' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { against, 'at-least': atLeast } = values;
  if (against === undefined && atLeast !== undefined) {
    throw new RangeError('--at-least is for --against');
  }
  return {
    help: values.help,
    cases: positionals,
    against,
    atLeast: ratio('--at-least', atLeast ?? '0.95'),
    rounds: positive('--rounds', values.rounds ?? (against === undefined ? '7' : '5')),
    slice: positive('--slice', values.slice),
    json: values.json,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`bad value "${text}" for ${option}: expected a positive integer`);
}

function ratio(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`bad value "${text}" for ${option}: expected a number above 0`);
}

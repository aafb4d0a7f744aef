import { parseArgs } from 'node:util';

export interface Arguments {
  /** Only the usage is wanted. */
  readonly help: boolean;
  /** Names of cases, or what they begin with; empty for all. */
  readonly cases: readonly string[];
  readonly rounds: number;
  /** Length of a slice in ms. */
  readonly slice: number;
  /** Where the figures go besides the table. */
  readonly json: string | undefined;
}

export const usage = `npm run bench -- [CASE…] [--rounds N] [--slice MS] [--json FILE]
  CASE         run only the cases whose names begin with this
  --rounds N   slices for each implementation, 7 by default; at least 5 for figures worth showing
  --slice MS   how long each works at a time, 300 by default
  --json FILE  write every round's figure to a file
  --help       show this`;

/** @throws RangeError or TypeError for what cannot be meant. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      slice: { type: 'string', default: '300' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    help: values.help,
    cases: positionals,
    rounds: positive('--rounds', values.rounds),
    slice: positive('--slice', values.slice),
    json: values.json,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`${option} is ${text}, not a positive integer`);
}

import { parseArgs } from 'node:util';
import { number } from '../arguments.ts';

/** The runs of `--transactions`: what hostile nodes do, or large transactions among honest nodes. */
const scenarios = ['honest', 'silent', 'lying', 'flooding', 'large'] as const;

export type Scenario = (typeof scenarios)[number];

/** Options of the command line of `--transactions`. */
export interface SpreadArguments {
  readonly nodes: number;
  readonly peers: number;
  readonly transactions: number;
  readonly rate: number;
  readonly hostileShare: number;
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  readonly svg: string | undefined;
}

export const spreadUsage = `npm run simulate -- --transactions [options]

  --nodes N                number of nodes (200)
  --peers N                peers of a node, in a random graph (25)
  --count N                transactions (1000)
  --rate N                 new transactions per second in the network (20)
  --hostile SHARE          share of hostile nodes, where there are any (0.3)
  --scenarios LIST         of honest, silent, lying, flooding, large; separated by commas (all)
  --seed N                 seed of the random numbers; the results are deterministic (1)
  --svg FILE               writes a chart

Runs each scenario with our rules and with a model of go-ethereum's. Fails if a transaction does not reach every
honest node, if 95 % of them take longer than the shortest path and three round trips for the median transaction,
or if more is sent than by go-ethereum's rules.`;

/** Parses the command line. @throws RangeError, TypeError for invalid options */
export function parseSpreadArguments(args: readonly string[]): SpreadArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      transactions: { type: 'boolean' },
      nodes: { type: 'string', default: '200' },
      peers: { type: 'string', default: '25' },
      count: { type: 'string', default: '1000' },
      rate: { type: 'string', default: '20' },
      hostile: { type: 'string', default: '0.3' },
      scenarios: { type: 'string', default: scenarios.join(',') },
      seed: { type: 'string', default: '1' },
      svg: { type: 'string' },
    },
  });
  const nodes = number('nodes', values.nodes, { min: 8, max: 2000, whole: true });
  return {
    nodes,
    peers: number('peers', values.peers, { min: 3, max: Math.min(100, nodes - 1), whole: true }),
    transactions: number('count', values.count, { min: 1, max: 6000, whole: true }),
    rate: number('rate', values.rate, { min: 0.1, max: 10_000 }),
    hostileShare: number('hostile', values.hostile, { min: 0, max: 0.9 }),
    scenarios: values.scenarios.split(',').map(scenario),
    seed: number('seed', values.seed, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
    svg: values.svg,
  };
}

function scenario(text: string): Scenario {
  const found = scenarios.find((name) => name === text);
  if (found === undefined) throw new RangeError(`--scenarios has ${text}, expected ${scenarios.join(', ')}`);
  return found;
}

import { parseArgs } from 'node:util';

/** Options of the command line. */
export interface Arguments {
  readonly nodes: number;
  readonly minutes: number;
  readonly churn: number;
  readonly attackers: number;
  readonly attackerNetworks: number | undefined;
  readonly peers: number;
  readonly loss: number;
  readonly pingInterval: number;
  readonly refreshInterval: number;
  readonly pace: number;
  readonly seed: number;
  readonly crypto: 'real' | 'stand-in';
  readonly svg: string | undefined;
}

export const usage = `npm run simulate -- [options]
npm run simulate -- --transactions [options]   the spread of transactions; its options: --transactions --help

  --nodes N                number of nodes, including those of the attacker (2000)
  --minutes N              simulated time (60)
  --churn SHARE            share of honest nodes that stop per hour; they restart or are replaced (0.2)
  --attackers SHARE        share of nodes, and of addresses, of one attacker (0.1)
  --attacker-networks N    number of /16 networks of the attacker (one for 25 of its nodes)
  --peers N                most connections of a node; a third of them are dialed (50)
  --loss SHARE             share of lost datagrams (0.01)
  --ping-interval SECONDS  longest time between two checks of the discovery table (60; apps/node: 3)
  --refresh MINUTES        longest time between two refreshes of the table; half of it is the shortest (60; apps/node: 30)
  --pace SECONDS           time between two nodes from lookups while no caller waits for one (180; apps/node: 1)
  --seed N                 seed of the random numbers; the results are deterministic (1)
  --crypto real|stand-in   secp256k1, or a substitute without cost (stand-in)
  --svg FILE               writes a chart

Fails if the network is partitioned, a node exceeds its connection limit, or the attacker holds a larger share
of the outbound slots than of the addresses.`;

/** Parses the command line. @throws RangeError, TypeError for invalid options */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '2000' },
      minutes: { type: 'string', default: '60' },
      churn: { type: 'string', default: '0.2' },
      attackers: { type: 'string', default: '0.1' },
      'attacker-networks': { type: 'string' },
      peers: { type: 'string', default: '50' },
      loss: { type: 'string', default: '0.01' },
      'ping-interval': { type: 'string', default: '60' },
      refresh: { type: 'string', default: '60' },
      pace: { type: 'string', default: '180' },
      seed: { type: 'string', default: '1' },
      crypto: { type: 'string', default: 'stand-in' },
      svg: { type: 'string' },
    },
  });
  const { crypto, 'attacker-networks': networks } = values;
  if (crypto !== 'real' && crypto !== 'stand-in') {
    throw new RangeError(`--crypto is ${crypto}, expected real or stand-in`);
  }
  return {
    nodes: number('nodes', values.nodes, { min: 8, max: 10_000, whole: true }),
    minutes: number('minutes', values.minutes, { min: 1, max: 10_000, whole: true }),
    churn: number('churn', values.churn, { min: 0, max: 100 }),
    attackers: number('attackers', values.attackers, { min: 0, max: 0.5 }),
    attackerNetworks:
      networks === undefined ? undefined : number('attacker-networks', networks, { min: 1, max: 10_000, whole: true }),
    peers: number('peers', values.peers, { min: 3, max: 1000, whole: true }),
    loss: number('loss', values.loss, { min: 0, max: 0.9 }),
    pingInterval: 1000 * number('ping-interval', values['ping-interval'], { min: 0.1, max: 3600 }),
    refreshInterval: 60_000 * number('refresh', values.refresh, { min: 0.1, max: 10_000 }),
    pace: 1000 * number('pace', values.pace, { min: 0.1, max: 3600 }),
    seed: number('seed', values.seed, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
    crypto,
    svg: values.svg,
  };
}

/** Parses a number in a range. @throws RangeError */
export function number(
  name: string,
  text: string,
  { min, max, whole = false }: { min: number; max: number; whole?: boolean },
): number {
  const value = Number(text);
  const isInRange = text.trim() !== '' && value >= min && value <= max;
  if (!isInRange || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'an integer' : 'a number';
    throw new RangeError(`--${name} is ${text}, expected ${kind} from ${min} to ${max}`);
  }
  return value;
}

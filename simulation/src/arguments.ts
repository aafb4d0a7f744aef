import { parseArgs } from 'node:util';

/** What the command line asks for. */
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

  --nodes N                nodes in all, the attacker's included (2000)
  --minutes N              of their time (60)
  --churn SHARE            of the honest nodes leave in an hour; others come, or they come back (0.2)
  --attackers SHARE        of all nodes, and addresses, are one attacker's (0.1)
  --attacker-networks N    /16 networks that they are in (one for 25 of them)
  --peers N                connections of a node at most; a third of them it dials (50)
  --loss SHARE             of the datagrams are lost (0.01)
  --ping-interval SECONDS  between two checks of discovery's table at most (60; a real node: 3)
  --refresh MINUTES        between two refreshes of the table, or half as long (60; a real node: 30)
  --pace SECONDS           between two nodes taken from lookups without need (180; a real node: 1)
  --seed N                 the same seed gives the same figures (1)
  --crypto real|stand-in   secp256k1, or something that costs nothing (stand-in)
  --svg FILE               draws the hour

Fails when the network falls apart, a node has more connections than it may have, or the attacker holds
a larger share of the outbound slots than of the addresses.`;

/** @throws RangeError, TypeError for what makes no sense */
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
    throw new RangeError(`--crypto is ${crypto}, neither real nor stand-in`);
  }
  return {
    nodes: number('nodes', values.nodes, { min: 8, max: 10_000, whole: true }),
    minutes: number('minutes', values.minutes, { min: 1, max: 10_000, whole: true }),
    churn: number('churn', values.churn, { min: 0, max: 100 }),
    attackers: number('attackers', values.attackers, { min: 0, max: 0.5 }),
    attackerNetworks:
      networks === undefined
        ? undefined
        : number('attacker-networks', networks, { min: 1, max: 10_000, whole: true }),
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

function number(
  name: string,
  text: string,
  { min, max, whole = false }: { min: number; max: number; whole?: boolean },
): number {
  const value = Number(text);
  const isRight = text.trim() !== '' && value >= min && value <= max;
  if (!isRight || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'a whole number' : 'a number';
    throw new RangeError(`--${name} is ${text}, not ${kind} from ${min} to ${max}`);
  }
  return value;
}

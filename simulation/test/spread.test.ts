import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createSeededRandom } from '@devp2p/random/seeded';
import { beforeAll, describe, expect, test } from 'vitest';
import { silentLogs } from '../../apps/node/src/logging/log.ts';
import { createGossipPool } from '../../apps/node/src/network/transactions/gossip-pool.ts';
import { openTransactionPool } from '../../apps/node/src/txpool/transaction-pool.ts';
import { makeGenesis } from '../../apps/node/test/chain/make-blocks.ts';
import { FakeChain } from '../../apps/node/test/txpool/pool-scene.ts';
import { parseSpreadArguments } from '../src/transactions/arguments.ts';
import { randomGraph, shortestPaths } from '../src/transactions/graph.ts';
import type { Hostility } from '../src/transactions/hostile.ts';
import type { SimulatedPool } from '../src/transactions/memory-pool.ts';
import { bytesOf, drawSpread, findSpreadFaults, spreadLine } from '../src/transactions/report-spread.ts';
import {
  type PoolContext,
  type SpreadOptions,
  type SpreadOutcome,
  simulateSpread,
} from '../src/transactions/simulate-spread.ts';
import { median } from '../src/transactions/spread.ts';

const peers = 10;
const small: SpreadOptions = {
  nodes: 20,
  peers,
  transactions: 20,
  kind: 'small',
  rate: 20,
  rules: 'ours',
  hostileShare: 0.3,
  seed: 3,
  crypto,
};

/** Pool of the node over a chain of one block, on which the senders have ether. */
async function nodePool({ clock, funded }: PoolContext): Promise<SimulatedPool> {
  const account = { nonce: 0n, balance: 10n ** 19n, hasCode: false };
  const chain = new FakeChain(
    makeGenesis('osaka', { config: { chainId: 1 } }),
    new Map(funded.map((one) => [toHex(one), account])),
  );
  const pool = await openTransactionPool({
    chain,
    crypto,
    clock,
    log: silentLogs('txpool'),
    nextTurn: async () => {},
  });
  return {
    ...createGossipPool(pool),
    get size() {
      return pool.status.pending + pool.status.queued;
    },
    async submit(transaction) {
      const [result] = await pool.add([transaction], { local: true });
      if (result?.status !== 'added') throw new Error('a transaction was not added');
    },
    close: () => pool.close(),
  };
}

const highest = (outcome: SpreadOutcome, value: (spread: SpreadOutcome['spreads'][number]) => number): number =>
  Math.max(...outcome.spreads.map(value));

describe('20 nodes with the pool of the node', () => {
  let outcome: SpreadOutcome;

  beforeAll(async () => {
    outcome = await simulateSpread({ ...small, createPool: nodePool });
  });

  test('TP-29 transactions reach all nodes, 95 % of them within three round trips after the shortest path', () => {
    expect(highest(outcome, ({ all }) => all)).toBeLessThan(2000);
    const excess = median(outcome.spreads.map(({ most, ideal }) => most - ideal.most));
    expect(excess).toBeLessThanOrEqual(3 * outcome.roundTrip);
    expect(outcome.mostPooled).toBe(small.transactions);
  });

  test('TP-29 no node sends a transaction whole to more than ⌈√n⌉ peers', () => {
    expect(outcome.traffic.mostSentWhole).toBeLessThanOrEqual(Math.ceil(Math.sqrt(peers)));
    expect(outcome.traffic.sentWhole).toBeGreaterThan(small.nodes * small.transactions);
  });

  test('no node drops another one, and no timer is left', () => {
    expect(outcome.traffic.ended).toEqual({ honest: 0, hostile: 0 });
    expect(outcome.timersLeft).toBe(0);
  });
});

describe.each<[id: string, Hostility]>([
  ['ND-10', 'silent'],
  ['HX-17', 'lying'],
  ['TP-35', 'flooding'],
])('with 30 %% of hostile peers', (id, hostility) => {
  test(`${id} ${hostility} peers keep no transaction from honest nodes, and memory is bounded`, async () => {
    const outcome = await simulateSpread({ ...small, hostility, createPool: nodePool });
    expect(outcome.hostile).toBe(6);
    // At worst three announcers in a row do not answer.
    expect(highest(outcome, ({ all }) => all)).toBeLessThan(16_000);
    expect(outcome.mostPooled).toBeLessThanOrEqual(small.transactions);
    expect(outcome.mostTracked).toBeLessThanOrEqual(peers * 4096);
    expect(outcome.traffic.ended.honest).toBe(0);
    if (hostility === 'lying') expect(outcome.traffic.ended.hostile).toBeGreaterThan(0);
    expect(outcome.timersLeft).toBe(0);
  });
});

test("TP-29 whole copies and bytes are about those of go-ethereum's rules", async () => {
  const options = { ...small, transactions: 100 };
  const ours = await simulateSpread(options);
  const reference = await simulateSpread({ ...options, rules: 'go-ethereum' });
  expect(Math.abs(ours.traffic.sentWhole / reference.traffic.sentWhole - 1)).toBeLessThan(0.1);
  expect(Math.abs(bytesOf(ours) / bytesOf(reference) - 1)).toBeLessThan(0.1);
  const outcomes = [{ scenario: 'honest', ours, reference }] as const;
  expect(spreadLine('honest', ours)).toMatch(/^honest +ours /);
  expect(drawSpread(outcomes).match(/<polyline/g)).toHaveLength(3);
  const broken = { ...ours, timersLeft: 1, traffic: { ...ours.traffic, mostSentWhole: 5 } };
  expect(findSpreadFaults({ scenario: 'honest', ours: broken, reference })).toEqual([
    'honest: a node sent a transaction whole to 5 of 10 peers',
    'honest: 1 timers left',
  ]);
});

test('TP-29 large transactions are only announced, and reach all nodes', async () => {
  const outcome = await simulateSpread({ ...small, transactions: 5, kind: 'large' });
  expect(outcome.traffic.sentWhole).toBe(0);
  expect(outcome.duplicates).toBe(0);
  expect(highest(outcome, ({ all }) => all)).toBeLessThan(4000);
});

test('the same seed gives the same results', async () => {
  const options = { ...small, transactions: 3 };
  const [one, two] = [await simulateSpread(options), await simulateSpread(options)];
  expect(two.spreads).toEqual(one.spreads);
  expect((await simulateSpread({ ...options, seed: 4 })).spreads).not.toEqual(one.spreads);
});

test('a random graph gives nearly all nodes their number of peers', () => {
  const edges = randomGraph(200, 25, createSeededRandom(1));
  const degrees = new Array<number>(200).fill(0);
  for (const { a, b, delay } of edges) {
    degrees[a] = (degrees[a] as number) + 1;
    degrees[b] = (degrees[b] as number) + 1;
    expect(delay).toBeGreaterThanOrEqual(25);
    expect(delay).toBeLessThanOrEqual(125);
  }
  expect(Math.max(...degrees)).toBe(25);
  expect(edges.length).toBeGreaterThan(2490);
  expect(new Set(edges.map(({ a, b }) => a * 200 + b)).size).toBe(edges.length);
});

test('the shortest path is not the one with the fewest nodes', () => {
  const edges = [
    { a: 0, b: 2, delay: 100 },
    { a: 0, b: 1, delay: 30 },
    { a: 1, b: 2, delay: 40 },
  ];
  expect([...shortestPaths(4, edges, 0)]).toEqual([0, 30, 70, Number.POSITIVE_INFINITY]);
});

test('wrong options of the command line are refused', () => {
  expect(parseSpreadArguments(['--transactions', '--scenarios', 'honest,large']).scenarios).toEqual([
    'honest',
    'large',
  ]);
  expect(() => parseSpreadArguments(['--transactions', '--scenarios', 'other'])).toThrow(RangeError);
  expect(() => parseSpreadArguments(['--transactions', '--peers', '200'])).toThrow(RangeError);
});

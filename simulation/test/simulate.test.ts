import { fastCrypto } from '@devp2p/crypto/fast';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawChart } from '../src/chart.ts';
import { attackerShare, findFaults } from '../src/faults.ts';
import { line } from '../src/report.ts';
import { type Outcome, type SimulationOptions, simulate } from '../src/simulate.ts';
import { standInCrypto } from '../src/stand-in-crypto.ts';

const small: SimulationOptions = {
  nodes: 60,
  minutes: 8,
  churn: 1,
  attackers: 0.15,
  maxPeers: 24,
  loss: 0.01,
  pingInterval: 10_000,
  refreshInterval: 1_800_000,
  pace: 5_000,
  seed: 1,
  crypto: standInCrypto,
};

describe('60 nodes for 8 minutes, nine of them attacker nodes', () => {
  let outcome: Outcome;

  beforeAll(async () => {
    outcome = await simulate(small);
  });

  test('CM-07 every node reaches its target while others stop and start, without a dial storm', () => {
    expect(outcome.departures).toBeGreaterThan(2);
    for (const sample of outcome.samples.slice(3)) {
      expect(sample.outbound).toBeGreaterThan(7.5);
      expect(sample.dials).toBeLessThan(10 * sample.online);
    }
  });

  test('CM-11 no node exceeds its connection limit', () => {
    expect(outcome.peak).toBeGreaterThan(16);
    expect(outcome.peak).toBeLessThanOrEqual(small.maxPeers);
  });

  test('CM-15, AM-14 the share of the attacker in outbound slots is at most its share of addresses', () => {
    expect(outcome.attackers).toBe(9);
    expect(attackerShare(outcome).max).toBeGreaterThan(0);
    expect(attackerShare(outcome).max).toBeLessThanOrEqual(outcome.addressShare);
  });

  test('D4-14, D4-22 nodes that start with the boot nodes only find each other, and the network is not partitioned', () => {
    expect(findFaults(outcome)).toEqual([]);
    for (const { components, known } of outcome.samples.slice(3)) {
      expect(components).toBe(1);
      expect(known).toBeGreaterThan(35);
    }
  });

  test('CM-08 no timer is left after all nodes stopped', () => {
    expect(outcome.timersLeft).toBe(0);
  });

  test('report and chart contain every minute', () => {
    expect(line(outcome.samples[7] as Outcome['samples'][number]).trim()).toMatch(/^8 /);
    const points = /<polyline points="([^"]*)"/.exec(drawChart(outcome))?.[1];
    expect(points?.split(' ')).toHaveLength(8);
  });
});

test('the same seed gives the same results, another one different results', async () => {
  const options = { ...small, nodes: 10, minutes: 2, attackers: 0, maxPeers: 6 };
  const [one, two, other] = [await simulate(options), await simulate(options), await simulate({ ...options, seed: 2 })];
  expect(two).toEqual(one);
  expect(other).not.toEqual(one);
});

test('a few nodes with real cryptography', async () => {
  const options = {
    ...small,
    nodes: 10,
    minutes: 1,
    attackers: 0,
    maxPeers: 6,
    crypto: fastCrypto,
  };
  const { samples } = await simulate(options);
  expect(samples[0]?.components).toBe(1);
});

test('violated conditions are reported', async () => {
  const outcome = await simulate({ ...small, nodes: 8, minutes: 4, attackers: 0, maxPeers: 3 });
  const partitioned = outcome.samples.map((sample) => ({
    ...sample,
    components: 2,
    attacker: { ...sample.attacker, outbound: 0.2 },
  }));
  expect(findFaults({ ...outcome, samples: partitioned, addressShare: 0.1, peak: 4 })).toEqual([
    'the network was partitioned in 1 minutes',
    'a node had 4 connections, the limit is 3',
    'the attacker held 20.0 % of the slots with 10.0 % of the addresses',
  ]);
});

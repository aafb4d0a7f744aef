import { virtualClock } from '@devp2p/clock/virtual';
import { decodePacket } from '@devp2p/discv4';
import { describe, expect, test } from 'vitest';
import { cheapCrypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { AddressGate, Pace } from '../../src/discovery/pace.ts';
import { internetPlaces } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';

const never = new AbortController().signal;

test('CR-04 nodes with one IP address are dialled 35 s apart, and all of them in one crawl', async () => {
  const places = [1, 2, 3, 4].map((n) => ({ host: '20.0.0.1', port: 30300 + n }));
  const simulation = new Simulation({ places, kindOf: () => 'synced' });
  const crawler = await simulation.crawler();
  const { rollup } = await simulation.until(crawler.run());
  expect(rollup.funnel.synced).toBe(4);
  const times = simulation.dials.map(({ at }) => at);
  expect(times).toHaveLength(4);
  for (const [i, at] of times.slice(1).entries()) {
    expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(35_000);
  }
});

test.each([
  ['20.0.0.1', 35_000],
  ['2a00::1', 35_000],
  ['127.0.0.1', 0],
  ['10.1.2.3', 0],
  ['fd00::1', 0],
])('CR-04 %s has to rest for %d ms', async (ip, rest) => {
  const clock = virtualClock();
  const gate = new AddressGate(clock, 35_000);
  expect(gate.enter(ip)).toBe(0);
  expect(gate.enter(ip)).toBe(rest);
  await clock.advance(20_000);
  expect(gate.wait(ip)).toBe(Math.max(0, rest - 20_000));
  await clock.advance(15_000);
  expect(gate.enter(ip)).toBe(0);
});

test('CR-04 who does not answer is asked twice, 3 s apart, and not dialled', async () => {
  const simulation = new Simulation({
    places: internetPlaces(2),
    kindOf: (i) => (i === 0 ? 'synced' : 'dead'),
  });
  const { clock, network, inhabitants, dials } = simulation;
  const pings: number[] = [];
  network.onSend = ({ bytes, to }) => {
    if (to.host !== inhabitants[1]?.host) return;
    expect(decodePacket(bytes, cheapCrypto).packet.type).toBe('ping');
    pings.push(clock.monotonic());
  };
  const crawler = await simulation.crawler();
  const { rollup } = await simulation.until(crawler.run());
  expect(pings).toHaveLength(2);
  expect((pings[1] ?? 0) - (pings[0] ?? 0)).toBe(3_000);
  expect(dials.map(({ key }) => key)).toEqual([inhabitants[0]?.key]);
  expect(rollup.errors).toEqual({ 'udp/timeout': 1 });
});

test('CR-04 one that the user names is dialled even if it does not answer over UDP', async () => {
  const simulation = new Simulation({ places: internetPlaces(1), kindOf: () => 'dead' });
  const [dead] = simulation.inhabitants;
  const crawler = await simulation.crawler({ bootnodes: dead ? [enodeOf(dead)] : [] });
  const { rollup } = await simulation.until(crawler.run());
  expect(rollup.errors).toEqual({ 'tcp/timeout': 1 });
});

describe('CR-04 the rates', () => {
  test('of questions and dials hold for all nodes together', async () => {
    const simulation = new Simulation({ places: internetPlaces(60), kindOf: () => 'synced' });
    const { clock, network, dials } = simulation;
    const sent: number[] = [];
    network.onSend = ({ bytes, from }) => {
      const isQuestion = ['ping', 'findNode', 'enrRequest'].includes(
        decodePacket(bytes, cheapCrypto).packet.type,
      );
      if (from.host === '19.0.0.1' && isQuestion) sent.push(clock.monotonic());
    };
    const rates = { packetsPerSecond: 20, dialsPerSecond: 2 };
    const crawler = await simulation.crawler(rates);
    const { rollup } = await simulation.until(crawler.run());
    expect(rollup.funnel.synced).toBe(60);
    expect(busiest(sent)).toBeLessThanOrEqual(20 + 1);
    expect(busiest(dials.map(({ at }) => at))).toBeLessThanOrEqual(2 + 1);
  });

  test('let one through at once, however slow they are', async () => {
    const clock = virtualClock();
    const pace = new Pace(clock, 0.1);
    expect(pace.turn(never)).toBeUndefined();
    let isTurn = false;
    pace.turn(never)?.then(() => {
      isTurn = true;
    });
    await clock.advance(9_999);
    expect(isTurn).toBe(false);
    await clock.advance(1);
    expect(isTurn).toBe(true);
  });
});

test('CR-04 the first question waits for a time that is left to chance', async () => {
  const firsts = new Set<number>();
  for (const seed of [1, 2, 3]) {
    const simulation = new Simulation({ places: internetPlaces(1), kindOf: () => 'synced', seed });
    let first: number | undefined;
    simulation.network.onSend = () => {
      first ??= simulation.clock.monotonic();
    };
    const crawler = await simulation.crawler({ startupJitter: 10_000 });
    await simulation.until(crawler.run());
    expect(first).toBeLessThanOrEqual(10_000);
    firsts.add(first ?? 0);
  }
  expect(firsts.size).toBe(3);
});

/** The most that happened within any second. */
function busiest(times: readonly number[]): number {
  return Math.max(...times.map((at) => times.filter((t) => t >= at && t < at + 1_000).length));
}

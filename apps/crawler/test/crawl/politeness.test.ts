import { createVirtualClock } from '@devp2p/clock/virtual';
import { decodePacket } from '@devp2p/discv4';
import { describe, expect, test } from 'vitest';
import { cheapCrypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { RateLimiter } from '../../src/discovery/rate-limiter.ts';
import { DialCooldown } from '../../src/visit/dial-cooldown.ts';
import { publicAddresses } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';

const never = new AbortController().signal;

test('CR-04 nodes with one IP address are dialed 35 s apart, in one crawl', async () => {
  const addresses = [1, 2, 3, 4].map((n) => ({ host: '20.0.0.1', port: 30300 + n }));
  const simulation = new Simulation({ addresses, kindOf: () => 'synced' });
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
])('CR-04 %s is not dialed again for %d ms', async (ip, interval) => {
  const clock = createVirtualClock();
  const cooldown = new DialCooldown(clock, 35_000);
  expect(cooldown.tryDial(ip)).toBe(0);
  expect(cooldown.tryDial(ip)).toBe(interval);
  await clock.advance(20_000);
  expect(cooldown.remaining(ip)).toBe(Math.max(0, interval - 20_000));
  await clock.advance(15_000);
  expect(cooldown.tryDial(ip)).toBe(0);
});

test('CR-04 a node that does not answer is pinged twice, 3 s apart, and not dialed', async () => {
  const simulation = new Simulation({
    addresses: publicAddresses(2),
    kindOf: (i) => (i === 0 ? 'synced' : 'dead'),
  });
  const { clock, network, nodes, dials } = simulation;
  const pings: number[] = [];
  network.onSend = ({ bytes, to }) => {
    if (to.host !== nodes[1]?.host) return;
    expect(decodePacket(bytes, cheapCrypto).packet.type).toBe('ping');
    pings.push(clock.monotonic());
  };
  const crawler = await simulation.crawler();
  const { rollup } = await simulation.until(crawler.run());
  expect(pings).toHaveLength(2);
  expect((pings[1] ?? 0) - (pings[0] ?? 0)).toBe(3_000);
  expect(dials.map(({ key }) => key)).toEqual([nodes[0]?.key]);
  expect(rollup.errors).toEqual({ 'udp/timeout': 1 });
});

test('CR-04 a node from the user is dialed even if it does not answer over UDP', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(1), kindOf: () => 'dead' });
  const [dead] = simulation.nodes;
  const crawler = await simulation.crawler({ bootnodes: dead ? [enodeOf(dead)] : [] });
  const { rollup } = await simulation.until(crawler.run());
  expect(rollup.errors).toEqual({ 'tcp/timeout': 1 });
});

describe('CR-04 rate limits', () => {
  test('of requests and dials apply to all nodes together', async () => {
    const simulation = new Simulation({ addresses: publicAddresses(60), kindOf: () => 'synced' });
    const { clock, network, dials } = simulation;
    const sent: number[] = [];
    network.onSend = ({ bytes, from }) => {
      const isRequest = ['ping', 'findNode', 'enrRequest'].includes(decodePacket(bytes, cheapCrypto).packet.type);
      if (from.host === '19.0.0.1' && isRequest) sent.push(clock.monotonic());
    };
    const rates = { packetsPerSecond: 20, dialsPerSecond: 2 };
    const crawler = await simulation.crawler(rates);
    const { rollup } = await simulation.until(crawler.run());
    expect(rollup.funnel.synced).toBe(60);
    expect(busiest(sent)).toBeLessThanOrEqual(20 + 1);
    expect(busiest(dials.map(({ at }) => at))).toBeLessThanOrEqual(2 + 1);
  });

  test('below one per second let the first one pass immediately', async () => {
    const clock = createVirtualClock();
    const limiter = new RateLimiter(clock, 0.1);
    expect(limiter.acquire(never)).toBeUndefined();
    let isAcquired = false;
    limiter.acquire(never)?.then(() => {
      isAcquired = true;
    });
    await clock.advance(9_999);
    expect(isAcquired).toBe(false);
    await clock.advance(1);
    expect(isAcquired).toBe(true);
  });
});

test('CR-04 the first request waits for a random time', async () => {
  const firsts = new Set<number>();
  for (const seed of [1, 2, 3]) {
    const simulation = new Simulation({
      addresses: publicAddresses(1),
      kindOf: () => 'synced',
      seed,
    });
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

/** Returns the maximum number of events within one second. */
function busiest(times: readonly number[]): number {
  return Math.max(...times.map((at) => times.filter((t) => t >= at && t < at + 1_000).length));
}

import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { createSchedule, type ScheduledResult } from '../../src/crawl/schedule.ts';
import { publicAddresses } from '../network/population.ts';
import { Simulation } from '../network/simulation.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('CR-05 the next visit', () => {
  const endpoint = { ip: '20.0.0.1', udp: 30303, tcp: 30303 };
  const failed: ScheduledResult = {
    status: 'discovered',
    endpoint,
    supportsEth: undefined,
    dialDelay: 0,
  };
  const cases: [string, Partial<ScheduledResult>, number, number, number][] = [
    ['half an hour after a Status', { status: 'status' }, 0, 30 * minute, 0],
    ['half an hour after a further step', { status: 'synced' }, 9, 30 * minute, 0],
    [
      'half an hour after a Pong of a node without a TCP port',
      { status: 'bonded', endpoint: { ...endpoint, tcp: 0 } },
      0,
      30 * minute,
      0,
    ],
    ['a minute after the first failure', {}, 0, minute, 1],
    ['two minutes after the second', {}, 1, 2 * minute, 2],
    ['128 minutes after the eighth', {}, 7, 128 * minute, 8],
    ['48 hours after many', {}, 40, 48 * hour, 41],
    ['a minute after too many peers', { status: 'authenticated' }, 0, minute, 1],
    ['a minute after a Hello with eth but no Status', { status: 'hello', supportsEth: true }, 0, minute, 1],
    ['14 days after a Hello without eth', { status: 'hello', supportsEth: false }, 3, 14 * day, 0],
  ];
  test.each(cases)('is %s', (_, result, previous, wait, failures) => {
    const next = (fraction: number) => createSchedule({}, () => fraction)({ ...failed, ...result }, previous);
    expect(next(0)).toEqual({ wait, failures });
    // The random time is at most an hour, and at most the interval itself.
    expect(next(0.5)).toEqual({ wait: wait + Math.min(wait, hour) / 2, failures });
  });

  test('is at the end of a cooldown, which is not a failure', () => {
    const next = createSchedule({}, () => 0.5);
    const postponed = { ...failed, status: 'bonded', dialDelay: 35_000 } as const;
    expect(next(postponed, 2)).toEqual({ wait: 35_000, failures: 2 });
  });

  test('is set by the options', () => {
    const options = { successInterval: 5, minBackoff: 7, maxBackoff: 20, otherProtocolInterval: 9 };
    const next = createSchedule({ ...options, maxJitter: 0 }, () => 0.9);
    expect(next({ ...failed, status: 'status' }, 0).wait).toBe(5);
    expect(next(failed, 0).wait).toBe(7);
    expect(next(failed, 3).wait).toBe(20);
    expect(next({ ...failed, status: 'hello', supportsEth: false }, 0).wait).toBe(9);
  });
});

test('CR-05 CR-06 without `once` each node is visited again when it is due', async () => {
  const kinds = ['synced', 'full', 'other', 'closed'] as const;
  const simulation = new Simulation({
    addresses: publicAddresses(4),
    kindOf: (i) => kinds[i] ?? 'synced',
  });
  const { clock, dials, nodes } = simulation;
  const crawler = await simulation.crawler({ once: false, maxJitter: 0, startupJitter: 0 });
  const stop = new AbortController();
  const run = crawler.run({ signal: stop.signal });
  await clock.advance(65 * minute);
  stop.abort();
  await simulation.until(run);

  const minutes = (i: number) =>
    dials.filter(({ key }) => key === nodes[i]?.key).map(({ at }) => Math.floor(at / minute));
  expect(minutes(0)).toEqual([0, 30, 60]);
  expect(minutes(1)).toEqual([0, 1, 3, 7, 15, 31, 63]);
  expect(minutes(2)).toEqual([0]);
  expect(minutes(3)).toEqual([0, 1, 3, 7, 15, 31, 63]);
  // CR-06: a node that answers stays verified, even if it always has too many peers.
  const { gossiped, verified } = crawler.progress.rollup;
  expect([gossiped, verified]).toEqual([0, 4]);
});

test('CR-05 repeated reports of a node by a DNS list do not cause a visit before it is due', async () => {
  const kinds = ['full', 'closed', 'dead'] as const;
  const simulation = new Simulation({
    addresses: publicAddresses(3),
    kindOf: (i) => kinds[i] ?? 'synced',
    // Only the list reports the nodes: a gossiped one would be removed after its eighth failure.
    isConnected: false,
  });
  const { clock, dials, nodes } = simulation;
  const domain = 'nodes.example.org';
  const privateKey = new Uint8Array(32).fill(5);
  const records = nodes.map(({ enr }) => enr);
  const tree = makeTree(records, [], { seq: 1n, privateKey, crypto });
  const crawler = await simulation.crawler({
    once: false,
    maxJitter: 0,
    startupJitter: 0,
    bootnodes: [],
    dnsPerSecond: 1,
    dnsLists: [formatTreeUrl({ publicKey: tree.publicKey, domain }, { crypto })],
    resolveTxt: async (name) => {
      const text = name === domain ? tree.root : tree.entries.get(name.split('.')[0] ?? '');
      return text === undefined ? [] : [txtStrings(text)];
    },
  });
  const stop = new AbortController();
  const run = crawler.run({ signal: stop.signal });
  await clock.advance(5 * hour);
  stop.abort();
  await simulation.until(run);

  const minutes = (i: number) =>
    dials.filter(({ key }) => key === nodes[i]?.key).map(({ at }) => Math.floor(at / minute));
  for (const i of [0, 1]) expect(minutes(i)).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255]);
  // After the third failure its endpoint is not trusted, so it is only pinged.
  expect(minutes(2)).toEqual([0, 1, 3]);
});

test('CR-05 with `once` no node is visited twice in a long crawl, and the schedule is kept', async () => {
  const simulation = new Simulation({
    addresses: publicAddresses(60).filter(({ port }) => port === 30303),
    kindOf: (i) => (i % 2 === 0 ? 'synced' : 'full'),
  });
  // More than half an hour, in which failed nodes are due several times.
  const crawler = await simulation.crawler({ dialsPerSecond: 0.02, maxJitter: 0, maxActive: 4 });
  const { elapsed, visits } = await simulation.until(crawler.run());
  expect(elapsed).toBeGreaterThan(30 * minute);
  expect(visits).toBe(simulation.nodes.length);
  for (const { failures, dueAt, lastVisit = 0 } of (await simulation.records()).values()) {
    expect(dueAt - lastVisit).toBe(failures === 0 ? 30 * minute : minute);
  }
  const next = await simulation.crawler({ maxJitter: 0 });
  expect((await simulation.until(next.run())).visits).toBeGreaterThan(visits / 2);
});

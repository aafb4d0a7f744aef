import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { type Outcome, schedule } from '../../src/crawl/schedule.ts';
import { internetPlaces } from '../network/population.ts';
import { Simulation } from '../network/simulation.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('CR-05 the next visit', () => {
  const failed: Outcome = {
    ...{ status: 'discovered', failures: 0, dialable: true, speaksEth: undefined },
  };
  const cases: [string, Partial<Outcome>, number, number][] = [
    ['half an hour after a Status', { status: 'status' }, 30 * minute, 0],
    ['half an hour after more than that', { status: 'synced', failures: 9 }, 30 * minute, 0],
    [
      'half an hour after a Pong of a node without a port',
      { status: 'bonded', dialable: false },
      30 * minute,
      0,
    ],
    ['a minute after a first failure', {}, minute, 1],
    ['two minutes after a second', { failures: 1 }, 2 * minute, 2],
    ['and so on', { failures: 7 }, 128 * minute, 8],
    ['48 hours after many', { failures: 40 }, 48 * hour, 41],
    ['a minute after being told that there is no room', { status: 'authenticated' }, minute, 1],
    [
      'a minute after a Hello with eth but no Status',
      { status: 'hello', speaksEth: true },
      minute,
      1,
    ],
    [
      '14 days after a Hello without eth',
      { status: 'hello', speaksEth: false, failures: 3 },
      14 * day,
      0,
    ],
  ];
  test.each(cases)('is %s', (_, outcome, wait, failures) => {
    const next = (fraction: number) => schedule({}, () => fraction)({ ...failed, ...outcome });
    expect(next(0)).toEqual({ wait, failures });
    // Chance adds an hour at most, and no more than as much again.
    expect(next(0.5)).toEqual({ wait: wait + Math.min(wait, hour) / 2, failures });
  });

  test('is as the options say', () => {
    const options = { successInterval: 5, minBackoff: 7, maxBackoff: 20, otherProtocolInterval: 9 };
    const next = schedule({ ...options, maxJitter: 0 }, () => 0.9);
    expect(next({ ...failed, status: 'status' }).wait).toBe(5);
    expect(next(failed).wait).toBe(7);
    expect(next({ ...failed, failures: 3 }).wait).toBe(20);
    expect(next({ ...failed, status: 'hello', speaksEth: false }).wait).toBe(9);
  });
});

test('CR-05 CR-06 without `once` everybody is visited again when it is due', async () => {
  const kinds = ['synced', 'full', 'other', 'closed'] as const;
  const simulation = new Simulation({
    places: internetPlaces(4),
    kindOf: (i) => kinds[i] ?? 'synced',
  });
  const { clock, dials, inhabitants } = simulation;
  const crawler = await simulation.crawler({ once: false, maxJitter: 0, startupJitter: 0 });
  const stop = new AbortController();
  const run = crawler.run({ signal: stop.signal });
  await clock.advance(65 * minute);
  stop.abort();
  await simulation.until(run);

  const minutes = (i: number) =>
    dials.filter(({ key }) => key === inhabitants[i]?.key).map(({ at }) => Math.floor(at / minute));
  expect(minutes(0)).toEqual([0, 30, 60]);
  expect(minutes(1)).toEqual([0, 1, 3, 7, 15, 31, 63]);
  expect(minutes(2)).toEqual([0]);
  expect(minutes(3)).toEqual([0, 1, 3, 7, 15, 31, 63]);
  // CR-06: who answers is not known by hearsay alone, however often it has no room.
  const { gossiped, verified } = crawler.progress.rollup;
  expect([gossiped, verified]).toEqual([0, 4]);
});

test('CR-05 a list in DNS that names a node again and again does not have it visited before it is due', async () => {
  const kinds = ['full', 'closed', 'dead'] as const;
  const simulation = new Simulation({
    places: internetPlaces(3),
    kindOf: (i) => kinds[i] ?? 'synced',
  });
  const { clock, dials, inhabitants } = simulation;
  const domain = 'nodes.example.org';
  const privateKey = new Uint8Array(32).fill(5);
  const records = inhabitants.map(({ enr }) => enr);
  const tree = makeTree(records, [], { seq: 1n, privateKey, crypto });
  const crawler = await simulation.crawler({
    ...{ once: false, maxJitter: 0, startupJitter: 0, bootnodes: [], dnsPerSecond: 1 },
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
    dials.filter(({ key }) => key === inhabitants[i]?.key).map(({ at }) => Math.floor(at / minute));
  for (const i of [0, 1]) expect(minutes(i)).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255]);
  // Lost after the third time, it is looked for by discovery first.
  expect(minutes(2)).toEqual([0, 1, 3]);
});

test('CR-05 with `once` nobody is visited twice, however long it takes, and the schedule stays', async () => {
  const simulation = new Simulation({
    places: internetPlaces(60).filter(({ port }) => port === 30303),
    kindOf: (i) => (i % 2 === 0 ? 'synced' : 'full'),
  });
  // Half an hour and more, in which all that failed would be due a few times.
  const crawler = await simulation.crawler({ dialsPerSecond: 0.02, maxJitter: 0, maxActive: 4 });
  const { elapsed, visits } = await simulation.until(crawler.run());
  expect(elapsed).toBeGreaterThan(30 * minute);
  expect(visits).toBe(simulation.inhabitants.length);
  for (const { failures, dueAt, lastVisit = 0 } of (await simulation.records()).values()) {
    expect(dueAt - lastVisit).toBe(failures === 0 ? 30 * minute : minute);
  }
  const next = await simulation.crawler({ maxJitter: 0 });
  expect((await simulation.until(next.run())).visits).toBeGreaterThan(visits / 2);
});

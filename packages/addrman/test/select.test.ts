import { createSeededRandom } from '@devp2p/random/seeded';
import { expect, test } from 'vitest';
import type { AddrMan } from '../src/index.ts';
import { day, distinctNode, hour, id, known, minute, node, peer, populate, world } from './world.ts';

const failed = { countFailure: true };

/** Counts how often each node is selected. */
function tally(book: AddrMan, ids: readonly Uint8Array[], draws: number): number[] {
  const counts = new Map(ids.map((one) => [one.join(), 0]));
  for (let i = 0; i < draws; i++) {
    const key = book.select()?.id.join() ?? '';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return ids.map((one) => counts.get(one.join()) ?? 0);
}

test('AM-07 an empty address manager selects nothing', () => {
  const { book } = world();
  expect(book.select()).toBeUndefined();
  expect(book.select({ newOnly: true })).toBeUndefined();
  expect(book.selectCollision()).toBeUndefined();
});

test('AM-07 both tables are selected with equal probability at any number of entries', async () => {
  const { clock, book } = world();
  const ids = populate(book, 500);
  expect(book.good(ids[0] ?? new Uint8Array())).toBe(true);
  await clock.advance(hour);
  const [tried = 0] = tally(book, ids, 2000);
  expect(tried).toBeGreaterThan(880);
  expect(tried).toBeLessThan(1120);
});

test('AM-07 newOnly never selects a tried entry', async () => {
  const { clock, book } = world();
  const ids = populate(book, 50);
  for (const one of ids.slice(0, 49)) book.good(one);
  await clock.advance(hour);
  for (let i = 0; i < 100; i++) expect(book.select({ newOnly: true })?.tried).toBe(false);
});

test('AM-07 failures and a recent dial make an address less likely, never impossible', async () => {
  const { clock, book } = world();
  // Each in a bucket of its own, so that they are drawn with equal probability; the helper moves to the other table.
  const ids = [1, 2, 3].map((n) => known(book, n));
  const [, failing = ids[0], recent = ids[0]] = ids;
  const helper = known(book, 4);
  if (!failing || !recent) throw new Error('unreachable');
  for (let i = 0; i < 2; i++) {
    book.attempt(failing, failed);
    await clock.advance(minute);
    book.good(helper);
    await clock.advance(minute);
  }
  await clock.advance(hour);
  book.attempt(recent, { countFailure: false });
  const [a = 0, b = 0, c = 0] = tally(book, ids, 20_000);
  // 0.66² of the probability, and 1/100; both slightly higher, since a rejection raises the probability of the next.
  expect(b / a).toBeGreaterThan(0.4);
  expect(b / a).toBeLessThan(0.6);
  expect(c).toBeGreaterThan(0);
  expect(c / a).toBeLessThan(0.03);
  // After ten minutes the full probability is restored.
  await clock.advance(10 * minute);
  const [d = 0, , e = 0] = tally(book, ids, 10_000);
  expect(e / d).toBeGreaterThan(0.9);
  expect(e / d).toBeLessThan(1.1);
});

test('AM-07 the least likely address is selected if there is no other', async () => {
  const { clock, book } = world();
  const [one, helper] = [known(book, 1), known(book, 2)];
  for (let i = 0; i < 12; i++) {
    book.attempt(one, failed);
    await clock.advance(minute);
    book.good(helper);
    await clock.advance(1);
  }
  book.attempt(one, failed);
  expect(book.get(one)?.attempts).toBeGreaterThan(8);
  for (let i = 0; i < 100; i++) expect(book.select({ newOnly: true })?.id).toEqual(one);
});

test('AM-07 a filter applies to both tables', async () => {
  const { clock, book } = world();
  const ids = populate(book, 2000);
  for (const one of ids.slice(0, 400)) book.good(one);
  await clock.advance(hour);
  const even = new Set(ids.filter((_, i) => i % 2 === 0).map((one) => one.join()));
  for (let i = 0; i < 200; i++) {
    const entry = book.select({ filter: (one) => even.has(one.id.join()) });
    expect(even.has(entry?.id.join() ?? '')).toBe(true);
  }
  // With up to 4,096 entries, the only one that passes is always found.
  for (const one of ids.filter((_, i) => i % 40 === 7)) {
    const wanted = one.join();
    expect(book.select({ filter: (entry) => entry.id.join() === wanted })?.id).toEqual(one);
  }
});

test('AM-07 the cost is bounded: random bytes for a nearly empty table, filter calls for a full one', () => {
  let drawn = 0;
  const random = createSeededRandom(5).bytes;
  const counted = (length: number): Uint8Array => {
    drawn += length;
    return random(length);
  };
  const { book } = world({ random: counted });
  known(book, 1);
  drawn = 0;
  for (let i = 0; i < 1000; i++) book.select();
  // A table, a bucket, a position and an acceptance, four bytes each, and the bytes drawn in advance.
  expect(drawn).toBeLessThanOrEqual(1000 * 4 * 4 + 4096);

  let calls = 0;
  populate(book, 2000);
  const filter = (): boolean => {
    calls++;
    return false;
  };
  expect(book.select({ filter })).toBeUndefined();
  // Each once, and the bucket drawn before.
  expect(calls).toBeLessThanOrEqual(book.size + 64);
  populate(book, 10_000);
  calls = 0;
  expect(book.select({ filter })).toBeUndefined();
  expect(calls).toBeLessThanOrEqual(128 * 64 + 4096 + 64);
});

test('AM-14 of two draws the rarer group is selected: half of the entries get a quarter of the dials', async () => {
  const { clock, book } = world();
  for (let n = 0; n < 200; n++) {
    // Many sources, so that neither fills the buckets of one source.
    const from = peer(`${60 + (n % 100)}.${n}.1.1`);
    book.add([node(n, `40.40.${n}.1`)], from);
    book.add([node(1000 + n, `${41 + (n % 5)}.${n}.1.1`)], from);
  }
  await clock.advance(hour);
  const share = (draws: number): number => {
    let count = 0;
    for (let i = 0; i < 4000; i++) {
      const ip = book.select({ draws })?.address.ip;
      if (ip?.[0] === 40) count++;
    }
    return count / 4000;
  };
  const single = share(1);
  expect(single).toBeGreaterThan(0.3);
  expect(share(2)).toBeGreaterThan(single ** 2 - 0.05);
  expect(share(2)).toBeLessThan(single ** 2 + 0.05);
  book.check();
});

test('AM-08 a terrible entry is in no sample unless it was just dialed', () => {
  const { now } = world().clock;
  const sample = (lastSeen: number, act?: (book: AddrMan) => unknown, jump = 0): number => {
    const { book, clock } = world();
    book.add([{ ...distinctNode(1), lastSeen }], peer('20.1.1.1'));
    act?.(book);
    clock.jump(jump);
    return book.sample(10, 100).length;
  };
  expect(sample(now())).toBe(1);
  expect(sample(now() + 10 * minute)).toBe(1);
  expect(sample(now(), undefined, -10 * minute)).toBe(1);
  expect(sample(now(), undefined, -10 * minute - 1)).toBe(0);
  expect(sample(now() - 30 * day)).toBe(1);
  expect(sample(now() - 30 * day - 1)).toBe(0);
  expect(sample(now() - 40 * day, (book) => book.attempt(id(1), { countFailure: false }))).toBe(1);
});

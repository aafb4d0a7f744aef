import { expect, test } from 'vitest';
import type { AddrMan } from '../src/index.ts';
import { day, hour, id, known, minute, oneTriedSlot, populate, world } from './world.ts';

const failed = { countFailure: true };

test('AM-04 a success moves a node to the tried table, clears its failures and does not change lastSeen', async () => {
  const { clock, book } = world();
  const one = known(book, 1);
  const start = clock.now();
  book.attempt(one, failed);
  await clock.advance(3 * hour);
  expect(book.good(one)).toBe(true);
  expect(book.get(one)).toMatchObject({
    tried: true,
    attempts: 0,
    lastSeen: start,
    lastTry: start + 3 * hour,
    lastSuccess: start + 3 * hour,
  });
  expect(book.stats).toMatchObject({ tried: 1, new: 0, newSlots: 0, promoted: 1 });
  expect(book.good(one)).toBe(true);
  expect(book.stats.promoted).toBe(1);
});

test('AM-04 an unknown id is ignored', () => {
  const { book } = world();
  for (const result of [
    book.good(id(1)),
    book.connected(id(1)),
    book.attempt(id(1), failed),
    book.good(new Uint8Array(3)),
  ]) {
    expect(result).toBe(false);
  }
  expect(book.size).toBe(0);
});

test('AM-04 an occupied tried slot keeps its holder, and at most ten entries wait for one', () => {
  const { book } = world(oneTriedSlot);
  const ids = populate(book, 30);
  expect(ids.map((one) => book.good(one))).toEqual([true, ...Array(29).fill(false)]);
  expect(tried(book)).toEqual([ids[0]]);
  expect(book.stats).toMatchObject({ size: 30, tried: 1, new: 29, collisions: 10 });
  book.check();
});

test('AM-05 a failure counts once until any node is reached', async () => {
  const { clock, book } = world();
  const [one, other] = [known(book, 1), known(book, 2)];
  const attempts = () => book.get(one)?.attempts;
  const steps: [what: string, act: () => unknown, expected: number][] = [
    ['at first', () => book.attempt(one, failed), 1],
    ['again, offline', () => book.attempt(one, failed), 1],
    ['a week offline', () => book.attempt(one, failed), 1],
    ['the other is reached', () => book.good(other), 1],
    ['not to be counted', () => book.attempt(one, { countFailure: false }), 1],
    ['counted', () => book.attempt(one, failed), 2],
    ['again', () => book.attempt(one, failed), 2],
    ['the other again', () => book.good(other), 2],
    ['counted', () => book.attempt(one, failed), 3],
    ['reached', () => book.good(one), 0],
    ['counted', () => book.attempt(one, failed), 1],
  ];
  for (const [what, act, expected] of steps) {
    await clock.advance(what === 'a week offline' ? 7 * day : hour);
    const changes = what !== 'the other is reached' && what !== 'the other again';
    act();
    expect([what, attempts()]).toEqual([what, expected]);
    if (changes) expect(book.get(one)?.lastTry).toBe(clock.now());
  }
});

test('AM-06 a disconnection refreshes lastSeen if it is more than 20 minutes old', async () => {
  const { clock, book } = world();
  const one = known(book, 1);
  const start = clock.now();
  await clock.advance(20 * minute);
  expect(book.connected(one)).toBe(true);
  expect(book.get(one)?.lastSeen).toBe(start);
  await clock.advance(1);
  book.connected(one);
  expect(book.get(one)?.lastSeen).toBe(start + 20 * minute + 1);
});

/** A holder, a newcomer that wants its slot, and their history. */
interface Collision {
  readonly name: string;
  /** Minutes since the holder was found good. */
  readonly success: number;
  /** Minutes since the holder was last dialed, without success if later than `success`. */
  readonly dialed?: number;
  /** Minutes since the newcomer was found good. */
  readonly waiting: number;
  readonly winner: 'holder' | 'newcomer' | 'open';
}

const cases: Collision[] = [
  { name: 'reached recently', success: 239, waiting: 50, winner: 'holder' },
  {
    name: 'reached recently, and failed since',
    success: 230,
    dialed: 5,
    waiting: 50,
    winner: 'holder',
  },
  { name: 'tested without success', success: 500, dialed: 1, waiting: 2, winner: 'newcomer' },
  {
    name: 'tested without success some time ago',
    success: 500,
    dialed: 239,
    waiting: 2,
    winner: 'newcomer',
  },
  { name: 'being tested', success: 500, dialed: 0.9, waiting: 50, winner: 'open' },
  { name: 'not tested yet', success: 500, waiting: 40, winner: 'open' },
  { name: 'never tested', success: 500, waiting: 40.1, winner: 'newcomer' },
  { name: 'tested too long ago', success: 500, dialed: 240, waiting: 10, winner: 'open' },
];

test.each(cases)('AM-09 the holder was $name: $winner', async (collision) => {
  const { clock, book } = world(oneTriedSlot);
  const [holder, newcomer] = [known(book, 1), known(book, 2)];
  const { success, dialed = -1, waiting } = collision;
  const events: [ago: number, act: () => void][] = [
    [success, () => book.good(holder)],
    [waiting, () => book.good(newcomer)],
    [dialed, () => book.attempt(holder, failed)],
  ];
  let at = success;
  for (const [ago, act] of events.filter(([ago]) => ago >= 0).sort((a, b) => b[0] - a[0])) {
    await clock.advance(Math.round((at - ago) * minute));
    at = ago;
    act();
  }
  await clock.advance(Math.round(at * minute));
  book.resolveCollisions();
  book.check();
  const expected = collision.winner === 'newcomer' ? newcomer : holder;
  expect(tried(book)).toEqual([expected]);
  expect(book.stats.collisions).toBe(collision.winner === 'open' ? 1 : 0);
  expect(book.size).toBe(2);
});

test('AM-09 an empty slot goes to the entry that waits for it', async () => {
  const { clock, book } = world(oneTriedSlot);
  const [holder, newcomer] = [known(book, 1), known(book, 2)];
  book.good(holder);
  book.good(newcomer);
  // The holder signs another address, which returns it to the new table.
  const entry = book.get(holder);
  const address = { ip: Uint8Array.of(99, 1, 1, 1), tcp: 1, udp: 0 };
  const record = { seq: 1n, bytes: Uint8Array.of(1) };
  if (entry) book.add([{ id: entry.id, address, record }], { kind: 'list', name: 'dns' });
  expect(book.get(holder)).toMatchObject({ address, tried: false });
  await clock.advance(1);
  book.resolveCollisions();
  expect(tried(book)).toEqual([newcomer]);
  book.check();
});

test('AM-09 an entry that loses its slot returns to the new table and can be promoted again', async () => {
  const { clock, book } = world(oneTriedSlot);
  const [holder, newcomer] = [known(book, 1), known(book, 2)];
  book.good(holder);
  await clock.advance(5 * hour);
  book.good(newcomer);
  await clock.advance(41 * minute);
  book.resolveCollisions();
  expect(tried(book)).toEqual([newcomer]);
  expect(book.get(holder)).toMatchObject({ tried: false });
  await clock.advance(5 * hour);
  book.good(holder);
  book.attempt(newcomer, failed);
  await clock.advance(2 * minute);
  book.resolveCollisions();
  expect(tried(book)).toEqual([holder]);
  book.check();
});

test('AM-09 feelers get the holders of the oldest collisions first, and none that is being tested', async () => {
  const { clock, book } = world({ ...oneTriedSlot, triedBuckets: 64 });
  const ids = populate(book, 400);
  const holders = ids.filter((one) => book.good(one));
  expect(book.stats.collisions).toBe(10);
  await clock.advance(5 * hour);
  // The test windows have expired, so that time resolves all of them; then collect new ones.
  expect(book.selectCollision()).toBeUndefined();
  expect(book.stats.collisions).toBe(0);
  await clock.advance(5 * hour);
  for (const one of ids) if (book.get(one)?.tried === false) book.good(one);
  expect(book.stats.collisions).toBe(10);
  expect(holders.length).toBeGreaterThan(10);

  const tested: string[] = [];
  for (let i = 0; i < 12; i++) {
    const holder = book.selectCollision();
    if (!holder) break;
    expect(holder.tried).toBe(true);
    tested.push(holder.id.join());
    book.attempt(holder.id, failed);
    if (i % 2 === 0) book.good(holder.id);
    await clock.advance(10_000);
  }
  expect(new Set(tested).size).toBe(tested.length);
  expect(tested.length).toBeGreaterThan(5);
  await clock.advance(minute);
  const promoted = book.stats.promoted;
  book.resolveCollisions();
  expect(book.stats.collisions).toBe(0);
  // Those that responded stayed.
  expect(book.stats.promoted).toBeGreaterThan(promoted);
  for (const [i, one] of tested.entries()) {
    if (i % 2 === 0) expect(book.get(Uint8Array.from(one.split(','), Number))?.tried).toBe(true);
  }
  book.check();
});

test('AM-09 a clock that is set back leaves no collision unresolved', async () => {
  const { clock, book } = world(oneTriedSlot);
  const [holder, newcomer] = [known(book, 1), known(book, 2)];
  book.good(holder);
  book.good(newcomer);
  book.attempt(holder, failed);
  clock.jump(-365 * day);
  expect(book.selectCollision()?.id ?? newcomer).toEqual(newcomer);
  expect(tried(book)).toEqual([newcomer]);
});

function tried(book: AddrMan): Uint8Array[] {
  return [...book.entries()].filter((entry) => entry.tried).map((entry) => entry.id);
}

import { createSeededRandom } from '@devp2p/random/seeded';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkBook } from '../src/check.ts';
import { type AddrMan, type AddrSource, createAddrMan } from '../src/index.ts';
import { Book } from '../src/table/book.ts';
import { newEntry } from '../src/table/entry.ts';
import { day, id, ip, peer, world } from './world.ts';

/** Small numbers, so that everything collides: 14 ids, 8 networks, 6 sources. */
const nodeNumber = fc.nat(13);
const address = fc.record({
  ip: fc
    .tuple(fc.nat(7), fc.nat(2))
    .map(([network, host]) => ip(network === 0 ? `2a00:1:1:1:1:1:1:${host + 1}` : `${10 + network}.1.1.${host}`)),
  tcp: fc.integer({ min: 1, max: 3 }),
  udp: fc.nat(2),
});
const source: fc.Arbitrary<AddrSource> = fc.oneof(
  fc.nat(3).map((n) => peer(`${20 + n}.1.1.1`)),
  fc.constant<AddrSource>({ kind: 'list', name: 'dns' }),
  fc.constant<AddrSource>({ kind: 'inbound', ip: ip('30.1.1.1') }),
);
const reported = fc.record({
  id: nodeNumber.map(id),
  address,
  record: fc.option(fc.record({ seq: fc.bigInt(0n, 5n), bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }) }), {
    nil: undefined,
  }),
  age: fc.oneof(fc.constant(0), fc.integer({ min: -day, max: 40 * day })),
});

type Step = (book: AddrMan, clock: { now(): number; jump(ms: number): void }) => AddrMan | undefined;

const act = (step: (book: AddrMan) => unknown): Step => {
  return (book) => {
    step(book);
    return undefined;
  };
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.array(reported, { maxLength: 6 }), source).map(([nodes, from]): Step => {
      return (book, clock) => {
        book.add(
          nodes.map(({ age, ...node }) => ({ ...node, lastSeen: clock.now() - age })),
          from,
        );
        return undefined;
      };
    }),
  },
  { weight: 8, arbitrary: nodeNumber.map((n) => act((book) => book.good(id(n)))) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(nodeNumber, fc.boolean())
      .map(([n, countFailure]) => act((book) => book.attempt(id(n), { countFailure }))),
  },
  { weight: 1, arbitrary: nodeNumber.map((n) => act((book) => book.connected(id(n)))) },
  { weight: 2, arbitrary: fc.constant(act((book) => book.select())) },
  { weight: 2, arbitrary: fc.constant(act((book) => book.selectCollision())) },
  { weight: 1, arbitrary: fc.constant(act((book) => book.resolveCollisions())) },
  { weight: 1, arbitrary: fc.constant(act((book) => book.sample(5, 100))) },
  {
    weight: 4,
    arbitrary: fc
      .oneof(fc.nat(100_000), fc.nat(3 * 3_600_000), fc.integer({ min: -day, max: 10 * day }))
      .map((ms): Step => {
        return (_, clock) => {
          clock.jump(ms);
          return undefined;
        };
      }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ newBuckets: fc.constantFrom(4, 5), bucketSize: fc.constantFrom(2, 4) })
      .map((layout): Step => {
        return (book, clock) => {
          const all = { ...small, ...layout };
          const virtual = clock as ReturnType<typeof world>['clock'];
          return createAddrMan({
            ...all,
            clock: virtual,
            random: createSeededRandom(9).bytes,
            snapshot: book.snapshot(),
          });
        };
      }),
  },
);

const small = { newBuckets: 4, triedBuckets: 1, bucketSize: 4, maxPerNetwork: 5, maxPerIp: 3 };

test('AM-12 no sequence of operations makes the tables inconsistent', () => {
  let collided = 0;
  let evicted = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), fc.nat(), (steps, seed) => {
      const { clock, book: first } = world({ ...small, seed });
      let book = first;
      for (const one of steps) {
        const { tried } = book.stats;
        book = one(book, clock) ?? book;
        book.check();
        collided = Math.max(collided, book.stats.collisions);
        if (book.stats.tried < tried) evicted++;
        const { size, tried: inTried, new: inNew, newSlots, collisions } = book.stats;
        expect(inTried + inNew).toBe(size);
        expect(newSlots).toBeGreaterThanOrEqual(inNew);
        expect(collisions).toBeLessThanOrEqual(10);
      }
    }),
    { numRuns: 40, seed: 12 },
  );
  // The run covered collisions and evictions.
  expect(collided).toBeGreaterThan(2);
  expect(evicted).toBeGreaterThan(5);
});

test('AM-12 a round trip through a snapshot changes nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 80 }), (steps) => {
      const { clock, book: first } = world(small);
      let book = first;
      for (const one of steps) {
        const next = one(book, clock);
        if (next === undefined) continue;
        // Keeps the layout here.
        book = createAddrMan({
          ...small,
          clock,
          random: createSeededRandom(4).bytes,
          snapshot: book.snapshot(),
        });
      }
      const again = createAddrMan({ ...small, clock, snapshot: book.snapshot() });
      again.check();
      expect([...again.entries()]).toEqual([...book.entries()]);
      expect(again.snapshot()).toEqual(book.snapshot());
    }),
    { numRuns: 20, seed: 13 },
  );
});

const options = {
  newBuckets: 8,
  triedBuckets: 4,
  bucketSize: 4,
  maxPerNetwork: 3,
  maxPerIp: 2,
  horizon: day,
  maxAttempts: 3,
  maxFailures: 10,
  minFailureTime: day,
};

/** A book with two entries, one of them tried. */
function pair() {
  const book = new Book(new Uint8Array(32), options);
  const [a, b] = ['a', 'b'].map((letter, i) => {
    const address = {
      id: letter.repeat(64),
      ip: `\x0b${letter}cd`,
      tcp: 1 + i,
      udp: 0,
      lastSeen: 5,
    };
    const entry = newEntry(address, 'i');
    expect(book.insert(entry, 5)).toBeUndefined();
    return entry;
  });
  if (!a || !b) throw new Error('unreachable');
  book.promote(b, book.triedSlot(b));
  checkBook(book);
  return { book, a, b };
}

const damages: [what: string, damage: (world: ReturnType<typeof pair>) => unknown][] = [
  ['a count', ({ book }) => book.newTable.used++],
  ['an index', ({ a }) => (a.index = 1)],
  ['an id', ({ book, a }) => book.byId.delete(a.id)],
  ['an orphan id', ({ book, a }) => book.byId.set('x', a)],
  ['a slot that its entry does not list', ({ book, a }) => book.newTable.put((a.newSlots[0] ?? 0) === 0 ? 1 : 0, a)],
  ['a listed slot without the entry', ({ a }) => (a.newSlots = [...a.newSlots, 31])],
  [
    'no slot',
    ({ book, a }) => {
      book.newTable.clear(a.newSlots[0] ?? 0);
      a.newSlots = [];
    },
  ],
  ['a slot twice', ({ a }) => (a.newSlots = [...a.newSlots, ...a.newSlots])],
  ['a wrong position', ({ a }) => (a.tcp = 9)],
  ['a wrong tried position', ({ b }) => (b.tcp = 9)],
  ['both tables', ({ b }) => (b.newSlots = [0])],
  ['a negative time', ({ a }) => (a.lastTry = -1)],
  ['a broken time', ({ a }) => (a.lastSeen = Number.NaN)],
  ['half an attempt', ({ a }) => (a.attempts = 0.5)],
  ['a port', ({ b }) => (b.udp = 65_536)],
  ['a source', ({ a }) => (a.source = 'invalid')],
  ['an entry missing in its network', ({ book, a }) => book.limits.remove(a)],
  ['an orphan collision', ({ book, a }) => book.collisions.add({ ...a })],
  ['a tried collision', ({ book, b }) => book.collisions.add(b)],
  ['the last success of any node', ({ book }) => (book.lastGood = Number.POSITIVE_INFINITY)],
];

test.each(damages)('AM-12 check() detects %s', (_, damage) => {
  const world = pair();
  damage(world);
  expect(() => checkBook(world.book)).toThrow(expect.objectContaining({ name: 'AddrManError', code: 'inconsistent' }));
});

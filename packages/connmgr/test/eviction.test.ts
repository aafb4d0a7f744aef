import { createSeededRandom } from '@devp2p/random/seeded';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseEviction, type EvictionCandidate, keyGroups } from '../src/policy/eviction.ts';
import { endless, FakeConnection, world } from './world.ts';

interface Candidate extends EvictionCandidate {
  readonly name: string;
}

const group = keyGroups(Uint8Array.of(1, 2, 3));

/** A candidate without any protected property. */
function candidate(n: number, properties: Partial<EvictionCandidate> = {}): Candidate {
  return {
    name: `${n}`,
    inbound: true,
    noban: false,
    connectedAt: 1_000 + n,
    group: 'crowd',
    keyedGroup: '0',
    ...properties,
  };
}

const candidates = (length: number, of: (n: number) => Partial<EvictionCandidate> = () => ({})) =>
  Array.from({ length }, (_, n) => candidate(n, of(n)));

/** Evicts candidates until none can be evicted. */
function evictAll(all: readonly Candidate[]): string[] {
  let remaining = all;
  const evicted: string[] = [];
  for (;;) {
    const victim = chooseEviction(remaining);
    if (!victim) return evicted;
    evicted.push(victim.name);
    remaining = remaining.filter((one) => one !== victim);
  }
}

describe('protections', () => {
  test('CM-13 outbound and noban connections are never evicted', () => {
    expect(chooseEviction(candidates(100, () => ({ inbound: false })))).toBeUndefined();
    expect(chooseEviction(candidates(100, () => ({ noban: true })))).toBeUndefined();
    const mixed = candidates(100, (n) => (n === 50 ? {} : n % 2 ? { noban: true } : { inbound: false }));
    expect(chooseEviction(mixed)).toBeUndefined();
  });

  const youngest = 59;
  test.each<[string, number, (rank: number) => Partial<EvictionCandidate>]>([
    ['keyed network groups', 4, (rank) => ({ keyedGroup: `${9 - rank}` })],
    ['lowest pings', 8, (rank) => ({ ping: 10 + rank })],
    ['most recent useful transactions', 4, (rank) => ({ lastTransaction: 1_000 - rank })],
    ['most recent useful blocks', 4, (rank) => ({ lastBlock: 1_000 - rank })],
  ])('CM-13 exactly the best %s are protected: %i', (_, count, property) => {
    // The youngest candidates, which are evicted first, have the property.
    const best = (ranks: number) => candidates(60, (n) => (n > youngest - ranks ? property(youngest - n) : {}));
    expect(chooseEviction(best(count))?.name).toBe(`${youngest - count}`);
    expect(chooseEviction(best(count + 1))?.name).toBe(`${youngest - count}`);
    for (let n = 0; n < count; n++) {
      const others = best(count).filter(({ name }) => name !== `${youngest - n}`);
      expect(Number(chooseEviction(others)?.name)).toBe(youngest - count);
    }
  });

  test('CM-13 half of the rest is protected by uptime', () => {
    // 60 − 20: without other properties the 20 oldest take the protected places; of the other 40 the 20 oldest stay.
    const names = candidates(60).map(({ name }) => name);
    expect(evictAll(candidates(60))).toEqual(names.slice(20).reverse());
    const youngestHalf = candidates(60, (n) => ({ group: n < 40 ? 'crowd' : `${n}` }));
    expect(Number(chooseEviction(youngestHalf)?.name)).toBe(59);
  });

  test('CM-13 the youngest of the largest network group is evicted', () => {
    const groups = ['a', 'b', 'b', 'c', 'b', 'c', 'c', 'c', 'a', 'd'];
    const left = candidates(40, (n) => ({ group: n < 30 ? `${n}` : (groups[n - 30] ?? '') }));
    expect(chooseEviction(left)?.name).toBe('37');
    // Of two groups of equal size, the one with the youngest member.
    const tied = candidates(40, (n) => ({ group: n < 30 ? `${n}` : `${n % 3}` }));
    expect(chooseEviction(tied.slice(0, 39))?.name).toBe('38');
  });

  test('CM-13 protected connections count towards the size of their group', () => {
    // Of the youngest ten, the only ones that can be evicted, one shares a network with the oldest, and two share
    // another network.
    const groups = new Map([...[0, 1, 2, 33].map((n) => [n, 'old'] as const), [36, 'b'], [39, 'b']]);
    const all = candidates(40, (n) => ({ group: groups.get(n) ?? `${n}` }));
    expect(chooseEviction(all)?.name).toBe('33');
  });

  const random = fc.record({
    connectedAt: fc.nat(1_000),
    group: fc.nat(9).map(String),
    ping: fc.option(fc.nat(500), { nil: undefined }),
    lastTransaction: fc.option(fc.nat(1_000), { nil: undefined }),
    lastBlock: fc.option(fc.nat(1_000), { nil: undefined }),
  });
  const crowd = (minLength: number, maxLength: number) =>
    fc
      .array(random, { minLength, maxLength })
      .map((all) => all.map((one, n) => candidate(n, { ...one, keyedGroup: group(one.group) })));

  test('CM-13 of up to 20 candidates none is evicted', () => {
    fc.assert(
      fc.property(crowd(0, 20), (all) => {
        expect(chooseEviction(all)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('CM-13 of at least 29 candidates one is evicted, and the list is not modified', () => {
    fc.assert(
      fc.property(crowd(29, 80), (all) => {
        const before = [...all];
        expect(all).toContain(chooseEviction(all));
        expect(all).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  test('CM-13 the order of network groups depends on the key', () => {
    const groups = Array.from({ length: 50 }, (_, n) => `${n}`);
    const order = (key: number) => {
      const keyed = keyGroups(Uint8Array.of(key));
      return groups.toSorted((a, b) => (keyed(a) < keyed(b) ? -1 : 1)).join();
    };
    expect(order(1)).toBe(order(1));
    expect(order(1)).not.toBe(order(2));
  });
});

/** Establishes an inbound connection at once. */
function enter({ manager }: Pick<ReturnType<typeof world>, 'manager'>, name: string): FakeConnection | string {
  const connection = new FakeConnection(name);
  const slot = manager.admitInbound({ ip: connection.ip });
  return typeof slot === 'string' ? slot : (slot.established(connection) ?? connection);
}

describe('manager', () => {
  test('CM-13 with all slots used, an unprotected connection is evicted', async () => {
    const useful = new Set<string>();
    const one = world(() => ({ up: 10 }), {
      maxInbound: 30,
      stats: ({ name }) => ({ ping: useful.has(name) ? 5 : 100 }),
    });
    one.manager.start();
    for (let n = 0; n < 30; n++) {
      enter(one, `10.0.0.${n}`);
      await one.clock.advance(1_000);
    }
    // The eight youngest have the lowest ping.
    for (let n = 22; n < 30; n++) useful.add(`10.0.0.${n}`);
    expect(enter(one, '10.0.1.1')).toBeInstanceOf(FakeConnection);
    expect(one.reported.at(-2)).toBe('-10.0.0.21 evicted');
    expect(one.reported.at(-1)).toBe('+10.0.1.1');
    expect(one.manager.snapshot()).toMatchObject({ inbound: 30, counters: { evicted: 1 } });
    await one.end();
  });

  test('CM-13 with few slots no connection is evicted', () => {
    const one = world(() => ({ up: 10 }), { maxInbound: 20 });
    one.manager.start();
    for (let n = 0; n < 20; n++) enter(one, `10.0.0.${n}`);
    expect(enter(one, '10.0.1.1')).toBe('too-many-inbound');
    expect(one.manager.snapshot()).toMatchObject({ inbound: 20, counters: { evicted: 0 } });
  });

  test('CM-13 no connection is evicted for a discouraged address', () => {
    const { manager } = world(() => ({ up: 10 }), { maxInbound: 30, admitOn: 'identity' });
    manager.start();
    for (let n = 0; n < 29; n++) enter({ manager }, `10.0.0.${n}`);
    manager.bans.discourage(Uint8Array.of(9, 9, 9, 9));
    const slot = manager.admitInbound({ ip: Uint8Array.of(9, 9, 9, 9) });
    if (typeof slot === 'string') throw new Error(slot);
    enter({ manager }, '10.0.0.29');
    expect(slot.identify('mallory')).toBe('too-many-inbound');
    expect(enter({ manager }, '10.0.0.30')).toBeInstanceOf(FakeConnection);
    expect(manager.snapshot()).toMatchObject({ inbound: 30, counters: { evicted: 1 } });
  });

  test.each([
    { networks: 'one network', host: (n: number) => `66.66.${Math.floor(n / 250)}.${n % 250}` },
    { networks: 'few networks', host: (n: number) => `66.${n % 7}.0.${n % 250}` },
    {
      networks: 'a network each',
      host: (n: number) => `${66 + Math.floor(n / 250)}.${n % 250}.0.1`,
    },
  ])(
    'HX-24 10 × maxInbound attackers from $networks do not affect dialed connections, and honest peers can connect',
    async ({ host }) => {
      const random = createSeededRandom(1).bytes;
      const one = world(() => ({ up: 10 }), {
        maxPeers: 50,
        nextAddress: endless(),
        inboundThrottle: 0,
        stats: () => ({ ping: random(1)[0] }),
      });
      const { manager, clock } = one;
      manager.start();
      await clock.advance(100);
      const dialed = one.open();
      expect(dialed).toHaveLength(16);
      for (let n = 0; n < 340; n++) {
        enter(one, host(n));
        await clock.advance(100);
        expect(manager.snapshot().inbound).toBeLessThanOrEqual(34);
      }
      expect(manager.snapshot()).toMatchObject({ outbound: 16, inbound: 34 });
      expect(one.open()).toEqual(dialed);
      const honest = enter(one, '9.9.9.9');
      expect(honest).toBeInstanceOf(FakeConnection);
      expect(manager.snapshot()).toMatchObject({ outbound: 16, inbound: 34 });
      expect(one.open()).toEqual(dialed);
      await one.end();
    },
  );
});

import { createSeededRandom } from '@devp2p/random/seeded';
import { describe, expect, test } from 'vitest';
import { chooseAnchors } from '../src/dial/anchors.ts';
import { chooseRotation } from '../src/dial/rotation.ts';
import { address, endless, FakeConnection, type World, world } from './world.ts';

const up = () => ({ up: 10 });

/** Establishes an inbound connection at once. */
function enter({ manager }: World, identity: string, noban = false): FakeConnection | string {
  const connection = new FakeConnection(identity);
  const slot = manager.admitInbound({});
  if (typeof slot === 'string') return slot;
  const refusal = slot.identify(identity);
  if (refusal === undefined) return slot.established(connection, { noban }) ?? connection;
  slot.release();
  return refusal;
}

class Store {
  saved: string[] | undefined;
  takes = 0;

  async take(): Promise<string[]> {
    this.takes++;
    const saved = this.saved ?? [];
    this.saved = undefined;
    return saved;
  }

  save(addresses: readonly string[]): void {
    this.saved = [...addresses];
  }
}

describe('anchors', () => {
  test('CM-16 the two useful connections with the longest uptime are chosen', () => {
    const candidates = [5, 50, 10, 30, 20].map((age) => ({ age, isUseful: age !== 50 }));
    expect(chooseAnchors(candidates).map(({ age }) => age)).toEqual([30, 20]);
    expect(chooseAnchors([])).toEqual([]);
  });

  test('CM-16 they are saved at a clean stop, dialed first at the next start, and read once', async () => {
    const anchors = new Store();
    const first = world(up, { targetOutbound: 4, nextAddress: endless(), anchors });
    first.manager.start();
    const fixed = first.manager.connect('8.8.8.8', { permanent: true });
    await first.clock.advance(1_000);
    first.manager.disconnect(2);
    await first.clock.advance(60_000);
    expect(anchors.saved).toBeUndefined();
    for (const id of [fixed, 2, 3, 4, 6]) first.manager.markUseful(id);
    await first.end();
    expect(anchors.saved).toEqual([address(2), address(3)]);

    const second = world(up, { targetOutbound: 4, nextAddress: endless(100), anchors });
    second.manager.start();
    await second.clock.advance(1_000);
    expect(anchors).toMatchObject({ saved: undefined, takes: 2 });
    expect(second.dials.map((dial) => dial.address)).toEqual([address(2), address(3), address(100), address(101)]);
    // No connection was useful this time.
    await second.end();
    expect(anchors.saved).toEqual([]);
  });

  test('CM-16, HX-25 they are saved when they are marked as useful, so that they survive a killed process', async () => {
    const anchors = new Store();
    const saves: (readonly string[])[] = [];
    const store = {
      take: () => anchors.take(),
      async save(addresses: readonly string[]) {
        // The first save takes longest.
        for (let turn = saves.length; turn < 9; turn++) await Promise.resolve();
        saves.push(addresses);
      },
    };
    const one = world(up, { targetOutbound: 3, nextAddress: endless(), anchors: store });
    one.manager.start();
    await one.clock.advance(1_000);
    for (const id of [2, 3, 1, 2]) one.manager.markUseful(id);
    await one.clock.advance(0);
    expect(saves).toEqual([[address(1)], [address(1), address(2)], [address(0), address(1)]]);
    await one.end();
    expect(saves).toHaveLength(3);
  });

  test('CM-16 a failing store affects the anchors only', async () => {
    const broken = {
      take: () => Promise.reject(new Error('no disk')),
      save: () => {
        throw new Error('no disk');
      },
    };
    const { manager, clock, end } = world(up, {
      targetOutbound: 2,
      nextAddress: endless(),
      anchors: broken,
    });
    manager.start();
    await clock.advance(20);
    expect(manager.snapshot().outbound).toBe(2);
    await end();
  });
});

describe('trusted and static peers', () => {
  test('CM-18 trusted peers are accepted above the limit and use no slot', async () => {
    const one = world(up, { maxInbound: 1 });
    const { manager } = one;
    manager.start();
    manager.trust('friend');
    expect(enter(one, 'a')).toBeInstanceOf(FakeConnection);
    expect(enter(one, 'friend')).toBeInstanceOf(FakeConnection);
    expect(enter(one, 'b')).toBe('too-many-inbound');
    expect(manager.snapshot()).toMatchObject({ inbound: 2, maxInbound: 1 });
    expect(manager.snapshot().requests.map(({ identity, trusted }) => [identity, trusted])).toEqual([
      ['a', false],
      ['friend', true],
    ]);
    await one.end();
  });

  test('CM-18 the identity of trusted peers is checked', async () => {
    const one = world(up, { localIdentity: 'me' });
    const { manager } = one;
    manager.start();
    manager.trust('friend');
    manager.trust('me');
    expect(enter(one, 'friend')).toBeInstanceOf(FakeConnection);
    expect(enter(one, 'friend')).toBe('already-connected');
    expect(enter(one, 'me')).toBe('connected-to-self');
    await one.end();
  });

  test('CM-18 distrust at run time closes a connection without a slot', async () => {
    const one = world(up, { maxInbound: 1 });
    const { manager, reported } = one;
    manager.start();
    manager.trust('friend');
    manager.trust('other');
    enter(one, 'friend');
    manager.distrust('friend');
    expect(reported).toEqual(['+friend']);
    enter(one, 'other');
    manager.distrust('other');
    expect(reported).toEqual(['+friend', '+other', '-other too-many-inbound']);
    manager.distrust('stranger');
    await one.end();
  });

  test('CM-18 trusted and noban peers are not evicted', async () => {
    const one = world(up, { maxInbound: 25 });
    one.manager.start();
    for (let n = 0; n < 25; n++) {
      one.manager.trust(`friend${n}`);
      enter(one, n < 5 ? `a${n}` : `noban${n}`, n >= 5);
    }
    for (let n = 0; n < 25; n++) enter(one, `friend${n}`);
    expect(one.manager.snapshot()).toMatchObject({ inbound: 50, counters: { evicted: 0 } });
    expect(enter(one, 'late')).toBe('too-many-inbound');
    await one.end();
  });

  test('CM-18 a static peer can be trusted as well', async () => {
    const { manager, clock, end } = world(up);
    manager.start();
    manager.connect('9.9.9.9#friend', { permanent: true });
    manager.trust('friend');
    await clock.advance(20);
    expect(manager.snapshot().requests).toMatchObject([
      { identity: 'friend', trusted: true, permanent: true, state: 'established' },
    ]);
    await end();
  });

  test('CM-18 the latest address of a static peer is used', async () => {
    const one = world((name) => (name.startsWith('2.') ? { up: 10 } : { down: 10 }), {
      retryDelay: 60_000,
    });
    const { manager, clock, dials } = one;
    manager.start();
    const id = manager.connect('1.1.1.1#static', { permanent: true });
    await clock.advance(1_000);
    // At once, without the delay after the failure.
    expect(manager.connect('2.2.2.2#static', { permanent: true })).toBe(id);
    await clock.advance(1_000);
    expect(dials.map(({ address }) => address)).toEqual(['1.1.1.1#static', '2.2.2.2#static']);
    expect(manager.snapshot().requests).toMatchObject([
      { id, address: '2.2.2.2#static', state: 'established', permanent: true },
    ]);
    await one.end();
  });

  test('CM-18 a static peer that is dialed or connected moves to its latest address', async () => {
    const one = world((name) => (name.startsWith('1.') ? 'hangs' : { up: 10 }));
    const { manager, clock, dials, sockets } = one;
    manager.start();
    const id = manager.connect('1.1.1.1#static', { permanent: true });
    await clock.advance(1_000);
    manager.connect('2.2.2.2#static', { permanent: true });
    expect(dials[0]?.signal.aborted).toBe(true);
    await clock.advance(1_000);
    manager.connect('3.3.3.3#static', { permanent: true });
    manager.connect('4.4.4.4#static', { permanent: true });
    await clock.advance(60_000);
    expect(one.open()).toEqual(['2.2.2.2#static']);
    sockets.find(({ isOpen }) => isOpen)?.drop();
    await clock.advance(1_000);
    expect(dials.map(({ address }) => address.slice(0, 1))).toEqual(['1', '2', '4']);
    expect(manager.snapshot().requests).toMatchObject([{ id, state: 'established' }]);
    expect(manager.remove(id)).toBe(true);
    await clock.advance(3_600_000);
    expect(dials).toHaveLength(3);
    await one.end();
  });

  test('CM-18 an address that is dialed for the target becomes the static one', async () => {
    const one = world((name) => (name.startsWith('1.') ? { down: 10 } : { up: 10 }), {
      targetOutbound: 1,
      nextAddress: () => '2.2.2.2#static',
      retryDelay: 60_000,
    });
    const { manager, clock } = one;
    manager.start();
    await clock.advance(1_000);
    const first = manager.connect('1.1.1.1#static', { permanent: true });
    const second = manager.connect('2.2.2.2#static', { permanent: true });
    expect(second).not.toBe(first);
    await clock.advance(1_000);
    const requests = manager.snapshot().requests.filter(({ permanent }) => permanent);
    expect(requests).toMatchObject([{ id: second, address: '2.2.2.2#static' }]);
    await one.end();
  });

  test('CM-04 the delay for a static peer can depend on the error', async () => {
    const one = world(() => ({ down: 10 }), {
      retryDelay: 1_000,
      redialDelay: 0,
      maxRetryDelay: 2_000,
      minRetryDelay: (error, retries) => (error instanceof Error ? Math.min(retries, 3) * 100_000 : undefined),
    });
    one.manager.start();
    one.manager.connect('1.1.1.1#static', { permanent: true });
    await one.clock.advance(1_000_000);
    const times = one.dials.map(({ at }) => Math.round(at / 1_000));
    expect(times).toEqual([0, 100, 300, 600, 900]);
    await one.end();
  });

  test.each(['remove', 'disconnect'] as const)(
    'CM-18 static peers are dialed until %s, and then limits apply again',
    async (how) => {
      const one = world(() => ({ down: 10 }), { maxInbound: 1 });
      const { manager, clock, dials, reported } = one;
      manager.start();
      const id = manager.connect('9.9.9.9#static', { permanent: true });
      await clock.advance(24 * 3_600_000);
      expect(dials.length).toBeGreaterThan(280);
      expect(dials.at(-1)?.at).toBeGreaterThan(23.9 * 3_600_000);
      enter(one, 'a');
      // It dials us: a static peer needs no slot, and is not dialed meanwhile.
      expect(enter(one, 'static')).toBeInstanceOf(FakeConnection);
      const { length } = dials;
      await clock.advance(3_600_000);
      expect(dials).toHaveLength(length);
      expect(manager[how](id)).toBe(true);
      expect(reported.at(-1)).toBe('-static too-many-inbound');
      await clock.advance(3_600_000);
      expect(dials).toHaveLength(length);
      await one.end();
    },
  );

  test('CM-18 static peers are added to the target', async () => {
    const { manager, clock, end } = world(up, { targetOutbound: 2, nextAddress: endless() });
    manager.start();
    await clock.advance(20);
    for (let n = 0; n < 5; n++) manager.connect(`static${n}`, { permanent: true });
    await clock.advance(20);
    expect(manager.snapshot()).toMatchObject({ outbound: 2 });
    expect(manager.snapshot().requests).toHaveLength(7);
    await end();
  });
});

describe('rotation', () => {
  const ages = (length: number) =>
    Array.from({ length }, (_, n) => ({ n, age: 600_001 + n, usefulness: 0, isExempt: false }));

  test('CM-19 connections that are young, exempt or among the most useful tenth are not rotated', () => {
    const random = createSeededRandom(1);
    const dropped = new Set<number | undefined>();
    const candidates = ages(20).map((one) => ({
      ...one,
      age: one.n < 5 ? 600_000 : one.age,
      usefulness: one.n === 10 || one.n === 11 ? 5 : 1,
      isExempt: one.n > 17,
    }));
    for (let i = 0; i < 500; i++) dropped.add(chooseRotation(candidates, random)?.n);
    expect([...dropped].toSorted((a, b) => Number(a) - Number(b))).toEqual([5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17]);
    expect(chooseRotation(ages(1), random)).toBeUndefined();
    expect(chooseRotation([], random)).toBeUndefined();
  });

  test('CM-19 every 3 to 7 minutes, when full, one connection older than 10 minutes is rotated', async () => {
    const drops: { name: string; kind: string; reason: string | undefined; at: number }[] = [];
    const { manager, clock, end } = world(up, {
      targetOutbound: 20,
      nextAddress: endless(),
      stats: ({ name }) => ({
        usefulness: name === address(0) || name === address(1) ? 1 : 0,
        isProtected: name === address(2) || name === address(3),
      }),
      onDisconnection: ({ name }, { kind }, reason) => {
        drops.push({ name, kind, reason, at: clock.monotonic() });
      },
    });
    manager.start();
    manager.connect('static', { permanent: true });
    await clock.advance(12 * 3_600_000);
    const waits = drops.slice(1).map(({ at }, i) => at - (drops[i]?.at ?? 0));
    expect(drops[0]?.at).toBeGreaterThan(600_000);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(180_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(420_000);
    expect(Math.abs(drops.length - 144)).toBeLessThan(15);
    expect(new Set(drops.map(({ kind, reason }) => `${kind} ${reason}`))).toEqual(new Set(['dynamic rotated']));
    const names = drops.map(({ name }) => name);
    expect(names).not.toContain(address(0));
    expect(names).not.toContain(address(1));
    expect(names).not.toContain(address(2));
    expect(names).not.toContain(address(3));
    expect(manager.snapshot()).toMatchObject({ outbound: 20, counters: { rotated: drops.length } });
    await end();
  });

  test('CM-19 a rotated address is not dialed again at once', async () => {
    const fresh = endless();
    let dropped: string | undefined;
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 5,
      nextAddress: () => dropped ?? fresh(),
      onDisconnection: ({ name }) => {
        dropped = name;
      },
    });
    manager.start();
    while (dropped === undefined) await clock.advance(1_000);
    await clock.advance(30_000);
    expect(dials).toHaveLength(5);
    await clock.advance(10_000);
    expect(dials).toHaveLength(6);
    await end();
  });

  test('CM-19 no connection is rotated while a slot is free', async () => {
    const { manager, clock, reported, end } = world((_, n) => (n <= 3 ? up() : { down: 10 }), {
      targetOutbound: 4,
      nextAddress: endless(),
    });
    manager.start();
    await clock.advance(3_600_000);
    expect(reported).toHaveLength(3);
    expect(manager.snapshot().counters.rotated).toBe(0);
    await end();
  });
});

describe('snapshot', () => {
  test('CM-20 a snapshot lists every request with state, address, age and retries', async () => {
    const one = world((name) => (name === 'bad' ? { down: 10 } : name === 'slow' ? 'hangs' : { up: 10 }), {
      targetOutbound: 1,
      nextAddress: endless(),
    });
    const { manager, clock } = one;
    manager.start();
    manager.connect('bad', { permanent: true });
    await clock.advance(1_000);
    manager.connect('slow');
    enter(one, 'guest');
    const pending = manager.admitInbound({ ip: Uint8Array.of(9, 9, 9, 9) });
    await clock.advance(500);
    expect(manager.snapshot()).toEqual({
      networkActive: true,
      outbound: 1,
      targetOutbound: 1,
      inbound: 1,
      maxInbound: Number.POSITIVE_INFINITY,
      requests: [
        {
          id: 1,
          kind: 'dynamic',
          address: address(0),
          identity: 'id0',
          retries: 0,
          ip: Uint8Array.of(20, 0, 1, 1),
          permanent: false,
          trusted: false,
          state: 'established',
          age: 1_500,
          connectedFor: 1_490,
        },
        {
          id: 2,
          kind: 'explicit',
          address: 'bad',
          identity: undefined,
          retries: 1,
          ip: undefined,
          permanent: true,
          trusted: false,
          state: 'failing',
          age: 1_500,
          retryIn: 33_500,
          failure: 'Error',
        },
        {
          id: 3,
          kind: 'explicit',
          address: 'slow',
          identity: undefined,
          retries: 0,
          ip: undefined,
          permanent: false,
          trusted: false,
          state: 'pending',
          step: 'dialing',
          age: 500,
        },
        {
          id: 4,
          kind: 'inbound',
          address: undefined,
          identity: 'guest',
          retries: 0,
          ip: undefined,
          permanent: false,
          trusted: false,
          state: 'established',
          age: 500,
          connectedFor: 500,
        },
        {
          id: 5,
          kind: 'inbound',
          address: undefined,
          identity: undefined,
          retries: 0,
          ip: Uint8Array.of(9, 9, 9, 9),
          permanent: false,
          trusted: false,
          state: 'pending',
          step: 'handshake',
          age: 500,
        },
      ],
      counters: expect.objectContaining({
        dials: 3,
        connected: 1,
        failures: { Error: 1 },
        accepts: 2,
        admitted: 1,
      }),
    });
    expect(typeof pending).not.toBe('string');
    await one.end();
  });

  test('CM-20 failures are counted by name, and the number of names is bounded', async () => {
    let n = 0;
    const { manager, clock, end } = world(up, {
      dial: async () => {
        n++;
        if (n === 1) throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
        if (n === 2) throw new TypeError('no');
        if (n === 3) throw 'no';
        throw Object.assign(new Error('no'), { code: `code${n}` });
      },
    });
    manager.start();
    for (let i = 0; i < 200; i++) {
      manager.connect(`peer${i}`);
      await clock.advance(1);
    }
    const { failures } = manager.snapshot().counters;
    expect(failures).toMatchObject({ ECONNREFUSED: 1, TypeError: 1, unknown: 1, other: 136 });
    expect(Object.keys(failures)).toHaveLength(65);
    await end();
  });

  test('CM-20 a snapshot does not change later', async () => {
    const { manager, clock, end } = world(up, { targetOutbound: 1, nextAddress: endless() });
    manager.start();
    const before = manager.snapshot();
    await clock.advance(20);
    expect(before.counters.dials).toBe(0);
    expect(before.requests).toMatchObject([{ state: 'pending' }]);
    expect(manager.snapshot().counters.dials).toBe(1);
    await end();
  });
});

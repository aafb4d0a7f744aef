import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { parseIp, parseIpRange, parseIpRanges } from '@devp2p/ip';
import { describe, expect, test } from 'vitest';
import {
  type CloseReason,
  ConnManagerError,
  type ConnManagerEvent,
  type InboundSlot,
  type Listener,
} from '../src/index.ts';
import { endless, FakeConnection, ipOf, type World, world } from './world.ts';

const up = () => ({ up: 10 });

/** Returns a slot; throws if the connection is refused. */
function admit({ manager }: World, from?: string): InboundSlot<FakeConnection> {
  const slot = manager.admitInbound({ ip: from === undefined ? undefined : ip(from) });
  if (typeof slot === 'string') throw new Error(`refused: ${slot}`);
  return slot;
}

function ip(text: string): Uint8Array {
  const parsed = parseIp(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

/** Establishes an inbound connection at once. */
function enter(one: World, from: string, identity?: string): FakeConnection | string {
  const connection = new FakeConnection(from);
  const slot = one.manager.admitInbound({ ip: connection.ip });
  if (typeof slot === 'string') return slot;
  const refusal = identity === undefined ? undefined : slot.identify(identity);
  if (refusal === undefined) return slot.established(connection) ?? connection;
  slot.release();
  return refusal;
}

/** Returns the n-th public address, each in a network group of its own. */
const from = (n: number): string => `${60 + Math.floor(n / 250)}.${n % 250}.0.1`;

/** A listener whose connections are pushed by the test. */
class FakeListener implements Listener<FakeConnection> {
  readonly #waiting: ((result: FakeConnection | Error) => void)[] = [];
  readonly #queue: (FakeConnection | Error)[] = [];
  asked = 0;

  accept(): Promise<FakeConnection> {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.push((result) => (result instanceof Error ? reject(result) : resolve(result)));
      this.#deliver();
    });
  }

  push(...results: (FakeConnection | Error)[]): void {
    this.#queue.push(...results);
    this.#deliver();
  }

  close(): void {}

  #deliver(): void {
    while (this.#queue.length > 0 && this.#waiting.length > 0) {
      const result = this.#queue.shift();
      if (result) this.#waiting.shift()?.(result);
    }
  }
}

describe('slots', () => {
  test('CM-11 a slot is taken before onAccept and released once on close', async () => {
    const listener = new FakeListener();
    const seen: number[] = [];
    const one = world(up, {
      listeners: [listener],
      maxInbound: 2,
      onAccept: (incoming) => {
        seen.push(one.manager.snapshot().requests.length);
        return incoming;
      },
    });
    const [a, b, c, d] = [1, 2, 3, 4].map((n) => new FakeConnection(from(n)));
    if (!a || !b || !c || !d) throw new Error();
    one.manager.start();
    listener.push(a, b, c);
    await one.clock.advance(1);
    expect(seen).toEqual([1, 2]);
    expect(c.reasons).toEqual(['too-many-inbound']);
    expect(one.reported).toEqual([`+${a.name}`, `+${b.name}`]);
    a.drop();
    a.drop();
    await one.clock.advance(1);
    listener.push(d);
    await one.clock.advance(1);
    expect(one.manager.snapshot().inbound).toBe(2);
    listener.push(new FakeConnection(from(5)));
    await one.clock.advance(1);
    expect(one.manager.snapshot()).toMatchObject({
      inbound: 2,
      counters: { accepts: 5, admitted: 3, refusals: { 'too-many-inbound': 2 } },
    });
    await one.end();
    expect([b, d].map(({ reasons }) => reasons)).toEqual([['stopping'], ['stopping']]);
  });

  test('CM-11 a failed handshake releases its slot and closes the connection', async () => {
    const listener = new FakeListener();
    const one = world(up, {
      listeners: [listener],
      maxInbound: 1,
      onAccept: async () => {
        throw new Error('invalid handshake');
      },
    });
    one.manager.start();
    for (let i = 0; i < 5; i++) {
      const incoming = new FakeConnection(from(i));
      listener.push(incoming);
      await one.clock.advance(1);
      expect(incoming.reasons).toEqual(['canceled']);
    }
    expect(one.manager.snapshot().counters.handshakes.failed).toBe(5);
    await one.end();
  });

  test('CM-11 a socket that closes during its handshake releases its slot', async () => {
    const listener = new FakeListener();
    const one = world(up, {
      listeners: [listener],
      maxInbound: 1,
      onAccept: () => new Promise<never>(() => {}),
    });
    const incoming = new FakeConnection(from(1));
    one.manager.start();
    listener.push(incoming);
    await one.clock.advance(1);
    expect(one.ids()).toEqual([1]);
    incoming.drop();
    await one.clock.advance(1);
    expect(one.ids()).toEqual([]);
  });

  test('CM-08 closing the socket ends a handshake that waits for its signal, so that stop resolves', async () => {
    const listener = new FakeListener();
    const one = world(up, {
      listeners: [listener],
      maxInbound: 1,
      onAccept: (_, { signal }) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const incoming = new FakeConnection(from(1));
    one.manager.start();
    listener.push(incoming);
    await one.clock.advance(1);
    incoming.drop();
    await one.clock.advance(1);
    expect(one.manager.snapshot().counters.handshakes.failed).toBe(1);
    await one.end();
    expect(incoming.reasons).toEqual([]);
  });

  test('CM-11 a connection returned by onAccept after its slot was lost is closed once', async () => {
    const listener = new FakeListener();
    const one = world(up, {
      listeners: [listener],
      onAccept: (incoming, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(incoming));
        }),
    });
    const incoming = new FakeConnection(from(1));
    one.manager.start();
    listener.push(incoming);
    await one.clock.advance(10_000);
    expect(incoming.reasons).toEqual(['timeout']);
    expect(one.reported).toEqual([]);
    await one.end();
  });

  test.each([
    [0, 0],
    [3, 3],
    [undefined, 40],
  ])('CM-11 with maxInbound %s of 40 connections %s are accepted', (maxInbound, expected) => {
    const one = world(up, { maxInbound });
    one.manager.start();
    for (let n = 0; n < 40; n++) enter(one, from(n));
    expect(one.manager.snapshot().inbound).toBe(expected);
  });

  test('CM-11 refusals are all counted; the first three are published, then one in 30 s', async () => {
    const events: ConnManagerEvent[] = [];
    const subscriber = (event: unknown): void => void events.push(event as ConnManagerEvent);
    subscribe('devp2p:connmgr', subscriber);
    try {
      const one = world(up, { maxInbound: 0, localIdentity: 'me' });
      one.manager.start();
      for (let n = 0; n < 100; n++) {
        enter(one, from(n));
        await one.clock.advance(1_000);
      }
      expect(one.manager.snapshot().counters.refusals['too-many-inbound']).toBe(100);
      expect(events).toMatchObject([
        { type: 'refused', reason: 'too-many-inbound', ip: ipOf(from(0)), suppressed: 0 },
        { type: 'refused', localIdentity: 'me', suppressed: 0 },
        { type: 'refused', suppressed: 0 },
        { type: 'refused', suppressed: 29 },
        { type: 'refused', suppressed: 29 },
        { type: 'refused', suppressed: 29 },
      ]);
      await one.end();
    } finally {
      unsubscribe('devp2p:connmgr', subscriber);
    }
  });

  test('CM-11 accept failures back off, and accepting continues', async () => {
    const listener = new FakeListener();
    const one = world(up, { listeners: [listener], onAccept: (incoming) => incoming });
    one.manager.start();
    listener.push(...Array.from({ length: 20 }, () => new Error('too many open files')));
    await one.clock.advance(10_000);
    // 5, 10, 20 … 640 ms, then 1 s each.
    expect(listener.asked).toBe(1 + 8 + 8);
    await one.clock.advance(10_000);
    expect(listener.asked).toBe(21);
    listener.push(new FakeConnection(from(1)), new Error('again'));
    await one.clock.advance(4);
    expect(listener.asked).toBe(22);
    await one.clock.advance(2);
    expect(listener.asked).toBe(23);
    expect(one.manager.snapshot()).toMatchObject({ inbound: 1, counters: { acceptFailures: 21 } });
    await one.end();
  });
});

describe('admission', () => {
  test('CM-12 one attempt per IP address in 30 s, except for local ones', async () => {
    const one = world(up);
    const attempt = (text: string) => {
      const slot = one.manager.admitInbound({ ip: ip(text) });
      if (typeof slot !== 'string') slot.release();
      return typeof slot === 'string' ? slot : 'admitted';
    };
    one.manager.start();
    expect(attempt('8.8.8.8')).toBe('admitted');
    expect(attempt('8.8.4.4')).toBe('admitted');
    await one.clock.advance(29_999);
    expect(attempt('8.8.8.8')).toBe('throttled');
    expect(attempt('::ffff:8.8.8.8')).toBe('throttled');
    await one.clock.advance(1);
    // A refused attempt does not count.
    expect(attempt('8.8.8.8')).toBe('admitted');
    // An IPv6 host may have a whole /64.
    expect(attempt('2a00::1')).toBe('admitted');
    expect(attempt('2a00::2')).toBe('throttled');
    expect(attempt('2a00:0:0:1::2')).toBe('admitted');
    for (const local of ['127.0.0.1', '::1', '10.1.2.3', '192.168.1.1', '172.31.0.1', 'fd00::1']) {
      expect([attempt(local), attempt(local)]).toEqual(['admitted', 'admitted']);
    }
    await one.end();
  });

  test('CM-12 netRestrict, bans and discouragement', () => {
    const one = world(up, {
      netRestrict: parseIpRanges('60.0.0.0/8, fd00::/8'),
      maxInbound: 1,
    });
    const { manager } = one;
    manager.start();
    manager.ban(parseIpRange('60.2.0.0/16'));
    manager.bans.discourage(ip(from(3)));
    manager.bans.discourage(ip(from(4)));
    expect(enter(one, '61.0.0.1')).toBe('not-permitted');
    expect(manager.admitInbound({})).toBe('not-permitted');
    expect(enter(one, from(2))).toBe('banned');
    expect(enter(one, from(3))).toBeInstanceOf(FakeConnection);
    expect(enter(one, from(4))).toBe('discouraged');
    expect(manager.snapshot().counters.refusals).toMatchObject({
      'not-permitted': 2,
      banned: 1,
      discouraged: 1,
    });
  });

  test('CM-12 with the network off no connection is accepted or dialed, and all are restored after it', async () => {
    const one = world(up, { targetOutbound: 2, nextAddress: endless() });
    const { manager, clock, dials, reported } = one;
    manager.start();
    const id = manager.connect('9.9.9.9#static', { permanent: true });
    await clock.advance(20);
    const inbound = enter(one, from(1));
    const pending = admit(one, from(2));
    expect(dials).toHaveLength(3);
    manager.setNetworkActive(false);
    expect(manager.networkActive).toBe(false);
    expect(inbound).toMatchObject({ reasons: ['network-off'] });
    expect(pending.signal.aborted).toBe(true);
    expect(one.open()).toEqual([]);
    expect(reported.filter((line) => line.endsWith('network-off'))).toHaveLength(4);
    await clock.advance(600_000);
    expect(manager.admitInbound({})).toBe('network-off');
    expect(dials).toHaveLength(3);
    expect(manager.snapshot()).toMatchObject({ networkActive: false, outbound: 0, inbound: 0 });
    manager.setNetworkActive(true);
    await clock.advance(20);
    expect(manager.snapshot()).toMatchObject({ networkActive: true, outbound: 2 });
    expect(manager.snapshot().requests[0]).toMatchObject({ id, state: 'established', retries: 0 });
    expect(enter(one, from(3))).toBeInstanceOf(FakeConnection);
    await one.end();
  });

  test('CM-12 the network can be off before start', async () => {
    const one = world(up, { targetOutbound: 1, nextAddress: endless() });
    one.manager.setNetworkActive(false);
    one.manager.start();
    await one.clock.advance(60_000);
    expect(one.dials).toEqual([]);
    one.manager.setNetworkActive(true);
    await one.clock.advance(20);
    expect(one.dials).toHaveLength(1);
    await one.end();
  });

  test('CM-12 when all pending slots are used, the oldest silent handshake of the address with the most is displaced', () => {
    const one = world(up, { maxPending: 6 });
    one.manager.start();
    const slots = ['10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.2', '10.0.0.1'].map((host) =>
      admit(one, host),
    );
    const lost = () => slots.flatMap(({ signal }, i) => (signal.aborted ? [i] : []));
    slots[1]?.identify('alice');
    slots.push(admit(one, '10.0.0.4'));
    expect(lost()).toEqual([2]);
    // Now .1 and .2 have two each, one of which is identified.
    slots.push(admit(one, '10.0.0.5'));
    expect(lost()).toEqual([0, 2]);
    slots.push(admit(one, '10.0.0.6'));
    expect(lost()).toEqual([0, 2, 4]);
    // One each: the oldest silent one.
    slots.push(admit(one, '10.0.0.7'));
    expect(lost()).toEqual([0, 2, 3, 4]);
    expect(slots[2]?.signal.reason).toBeInstanceOf(ConnManagerError);
    expect(slots[2]?.signal.reason).toMatchObject({ code: 'displaced' });
    expect(one.manager.snapshot().counters.handshakes.displaced).toBe(4);
    expect(one.manager.snapshot().requests).toHaveLength(6);
  });

  test.each([
    { case: 'one address', host: () => '10.0.0.1' },
    { case: 'several addresses', host: (n: number) => `10.0.0.${n % 20}` },
    { case: 'an address each', host: (n: number) => from(n) },
  ])('HX-03 1,000 silent sockets from $case do not keep others out', async ({ host }) => {
    const listener = new FakeListener();
    const one = world(up, {
      listeners: [listener],
      onAccept: async (incoming, slot) => {
        if (incoming.name !== '9.9.9.9') return new Promise<never>(() => {});
        // A handshake in steps, as over a slow link, during the flood.
        for (let step = 0; step < 4; step++) {
          await new Promise<void>((resolve) => one.clock.setTimeout(resolve, 250));
          slot.identify('honest');
        }
        return incoming;
      },
    });
    one.manager.start();
    const flood = Array.from({ length: 1_000 }, (_, n) => new FakeConnection(host(n)));
    const honest = new FakeConnection('9.9.9.9');
    for (const [n, socket] of flood.entries()) {
      listener.push(socket);
      if (n === 300) listener.push(honest);
      if (n % 10 === 9) await one.clock.advance(60);
      const open = flood.slice(0, n + 1).filter(({ isOpen }) => isOpen);
      // Those of the last step are not handled yet.
      expect(open.length).toBeLessThanOrEqual(50 + 10);
    }
    await one.clock.advance(2_000);
    expect(one.reported).toEqual(['+9.9.9.9']);
    expect(honest.isOpen).toBe(true);
    expect(one.manager.snapshot().requests.length).toBeLessThanOrEqual(51);
    await one.clock.advance(10_000);
    expect(flood.filter(({ isOpen }) => isOpen)).toEqual([]);
    expect(flood.every(({ reasons }) => reasons.length === 1)).toBe(true);
    expect(new Set(flood.flatMap(({ reasons }) => reasons))).toEqual(new Set<CloseReason>(['timeout', 'displaced']));
    expect(one.manager.snapshot()).toMatchObject({ inbound: 1 });
    expect(one.clock.pending).toBe(1);
  });

  test('HX-03 silent sockets in the last inbound slots are displaced by a newcomer', async () => {
    const one = world(up, { maxInbound: 3 });
    one.manager.start();
    const silent = [1, 2, 3].map((n) => admit(one, from(n)));
    silent[0]?.identify('alice');
    expect(enter(one, from(4))).toBeInstanceOf(FakeConnection);
    expect(silent.map(({ signal }) => signal.aborted)).toEqual([false, true, false]);
    expect(one.manager.snapshot()).toMatchObject({ inbound: 1 });
    await one.end();
  });

  test("CM-12 with admitOn 'identity' the reason of a refusal is known after the handshake", async () => {
    const one = world(up, { maxInbound: 1, admitOn: 'identity' });
    one.manager.start();
    const first = admit(one, from(1));
    const second = admit(one, from(2));
    expect(first.identify('alice')).toBeUndefined();
    const alice = new FakeConnection(from(1));
    expect(first.established(alice)).toBeUndefined();
    expect(second.identify('bob')).toBe('too-many-inbound');
    second.release();
    const third = admit(one, from(3));
    const connection = new FakeConnection(from(3));
    expect(third.established(connection)).toBe('too-many-inbound');
    expect(connection.reasons).toEqual(['too-many-inbound']);
    alice.drop();
    await one.clock.advance(0);
    const fourth = admit(one, from(4));
    expect(fourth.identify('bob')).toBeUndefined();
    expect(fourth.established(new FakeConnection(from(4)))).toBeUndefined();
    expect(one.manager.snapshot()).toMatchObject({
      inbound: 1,
      counters: { refusals: { 'too-many-inbound': 2 }, handshakes: { failed: 0 } },
    });
    await one.end();
  });

  test("HX-24 with admitOn 'identity' unfinished handshakes do not keep others out", async () => {
    const one = world(up, { maxInbound: 22, admitOn: 'identity' });
    one.manager.start();
    one.manager.trust('friend');
    const friend = admit(one, from(0));
    expect(friend.identify('friend')).toBeUndefined();
    for (let n = 1; n <= 20; n++) {
      expect(enter(one, from(n), `peer ${n}`)).toBeInstanceOf(FakeConnection);
    }
    const unfinished = Array.from({ length: 10 }, (_, n) => {
      const slot = admit(one, from(30 + n));
      expect(slot.identify(`${n}`)).toBeUndefined();
      return slot;
    });
    const newcomer = admit(one, from(50));
    expect(newcomer.identify('newcomer')).toBeUndefined();
    expect(newcomer.established(new FakeConnection(from(50)))).toBeUndefined();
    // The oldest first; established connections stay.
    const isOver = unfinished.map(({ signal }) => signal.aborted);
    expect(isOver).toEqual([...Array(9).fill(true), false]);
    expect(unfinished[0]?.signal.reason).toMatchObject({ code: 'displaced' });
    expect(friend.signal.aborted).toBe(false);
    expect(one.manager.snapshot()).toMatchObject({ inbound: 21, counters: { evicted: 0 } });
    await one.end();
  });

  test('CM-12 a connection established after its slot was lost is closed', async () => {
    const one = world(up);
    one.manager.start();
    const slot = admit(one, from(1));
    await one.clock.advance(10_000);
    expect(slot.signal.reason).toMatchObject({ code: 'timeout' });
    expect(slot.identify('alice')).toBe('canceled');
    const late = new FakeConnection('late');
    expect(slot.established(late)).toBe('canceled');
    expect(late.reasons).toEqual(['canceled']);
    expect(one.reported).toEqual([]);
    await one.end();
  });
});

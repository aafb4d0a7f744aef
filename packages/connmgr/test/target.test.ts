import { describe, expect, test } from 'vitest';
import { address, endless, FakeConnection, world } from './world.ts';

const up = () => ({ up: 10 });

describe('target', () => {
  test('CM-07 start makes exactly targetOutbound requests in addition to those of connect', async () => {
    const { manager, clock, dials, end } = world(up, { targetOutbound: 5, nextAddress: endless() });
    manager.connect('a');
    manager.connect('b', { permanent: true });
    manager.start();
    manager.start();
    expect(manager.snapshot().requests).toHaveLength(7);
    await clock.advance(170_000);
    expect(dials).toHaveLength(7);
    expect(manager.snapshot()).toMatchObject({ outbound: 5, targetOutbound: 5 });
    await end();
  });

  test('CM-07 nothing is dialed before start', async () => {
    const { manager, clock, dials, end } = world(up, { nextAddress: endless() });
    manager.connect('a');
    await clock.advance(60_000);
    expect(dials).toEqual([]);
    expect(manager.admitInbound({})).toBe('network-off');
    await end();
  });

  test('CM-07 CM-10 a slot is filled again after any kind of loss', async () => {
    const { manager, clock, sockets, requests, end } = world(up, {
      targetOutbound: 4,
      nextAddress: endless(),
    });
    manager.start();
    for (let round = 0; round < 40; round++) {
      await clock.advance(6_000);
      expect(manager.snapshot().outbound).toBe(4);
      const open = sockets.filter(({ isOpen }) => isOpen);
      expect(open).toHaveLength(4);
      const [one, other] = open;
      one?.drop();
      // Closed from both sides at once, which must not free two slots.
      if (other) {
        manager.disconnect(requests.get(other)?.id ?? 0);
        other.drop();
      }
    }
    await end();
  });

  test('CM-07 no dial storm: 5 slots, 5 ms delay, dead network', async () => {
    const { manager, clock, dials, end } = world(() => ({ down: 0 }), {
      targetOutbound: 5,
      retryDelay: 5,
      nextAddress: endless(),
    });
    manager.start();
    await clock.advance(10);
    expect(dials.length).toBeGreaterThan(25);
    expect(dials.length).toBeLessThanOrEqual(75);
    await end();
  });

  test('CM-07 no dial storm when all peers accept and disconnect at once', async () => {
    const { manager, clock, dials, end } = world(() => ({ up: 0 }), {
      targetOutbound: 5,
      nextAddress: endless(),
      onConnection: (connection) => connection.drop(),
    });
    manager.start();
    await clock.advance(10_000);
    expect(dials.length).toBeGreaterThan(25);
    expect(dials.length).toBeLessThanOrEqual(50);
    await end();
  });

  test('CM-07 without an address the manager waits', async () => {
    let asked = 0;
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 3,
      nextAddress: () => {
        asked++;
        return clock.monotonic() < 60_000 ? undefined : address(asked);
      },
    });
    manager.start();
    await clock.advance(59_999);
    expect(asked).toBe(36);
    expect(dials).toEqual([]);
    await clock.advance(5_000);
    expect(manager.snapshot().outbound).toBe(3);
    await end();
  });

  test('CM-07 with unusable addresses only the manager waits', async () => {
    let asked = 0;
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 2,
      nextAddress: async () => {
        asked++;
        return address(1);
      },
    });
    manager.start();
    await clock.advance(4_999);
    expect(dials).toHaveLength(1);
    expect(asked).toBe(101);
    expect(manager.snapshot().counters.skipped.known).toBe(100);
    await end();
  });

  test('CM-07 a source of addresses that throws is called again after retryDelay', async () => {
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 1,
      nextAddress: () => {
        if (clock.monotonic() < 5_000) throw new Error('not yet');
        return address(1);
      },
    });
    manager.start();
    await clock.advance(5_001);
    expect(dials).toHaveLength(1);
    await end();
  });
});

describe('stop', () => {
  test('CM-08 stop closes listeners, aborts dials, closes connections, and then resolves', async () => {
    const listeners = [0, 1].map(() => ({
      closed: 0,
      accept: () => new Promise<never>(() => {}),
      close() {
        this.closed++;
      },
    }));
    const { manager, clock, dials, sockets, reported, end } = world((_, n) => ({ up: n <= 2 ? 10 : 5_000 }), {
      targetOutbound: 4,
      nextAddress: endless(),
      listeners,
      onAccept: (incoming) => incoming,
    });
    let isStopped = false;
    manager.stopped.then(() => {
      isStopped = true;
    });
    manager.start();
    await clock.advance(1_000);
    const slot = manager.admitInbound({});
    if (typeof slot === 'string') throw new Error(slot);
    const inbound = new FakeConnection('inbound');
    slot.established(inbound);

    const stopped = manager.stop();
    expect(manager.stop()).toBe(stopped);
    expect(listeners.map(({ closed }) => closed)).toEqual([1, 1]);
    expect(dials.map(({ signal }) => signal.aborted)).toEqual([false, false, true, true]);
    expect(reported.filter((line) => line.startsWith('-'))).toEqual([
      `-${address(0)} stopping`,
      `-${address(1)} stopping`,
      '-inbound stopping',
    ]);
    // These two dials ignore their signal.
    await clock.advance(3_000);
    expect(isStopped).toBe(false);
    await clock.advance(1_000);
    await stopped;
    expect(isStopped).toBe(true);
    expect(sockets.map(({ reasons }) => reasons)).toEqual([['stopping'], ['stopping'], ['canceled'], ['canceled']]);
    await end();
  });

  test('CM-08 after stop all calls are ignored', async () => {
    const { manager, clock, dials, reported, end } = world(up, { nextAddress: endless() });
    manager.start();
    await clock.advance(20);
    await manager.stop();
    const before = [dials.length, reported.length];
    manager.start();
    expect(manager.connect('a', { permanent: true })).toBe(0);
    expect(manager.disconnect(1)).toBe(false);
    expect(manager.admitInbound({})).toBe('stopping');
    manager.setNetworkActive(false);
    manager.setNetworkActive(true);
    await clock.advance(600_000);
    expect([dials.length, reported.length]).toEqual(before);
    await end();
  });

  test('CM-08 a manager that was never started can be stopped', async () => {
    const { manager, end } = world(up, { nextAddress: endless() });
    manager.connect('a');
    await manager[Symbol.asyncDispose]();
    await end();
  });
});

describe('duplicates', () => {
  test('CM-09 a second connect to an address returns the first request', async () => {
    const { manager, clock, dials, end } = world(up, { addressKey: (name) => name.toLowerCase() });
    manager.start();
    const id = manager.connect('a');
    expect(manager.connect('A')).toBe(id);
    await clock.advance(20);
    expect(manager.connect('a', { permanent: true })).toBe(id);
    expect(dials).toHaveLength(1);
    expect(manager.snapshot().requests).toMatchObject([{ id, permanent: true }]);
    await end();
  });

  test('CM-09 connect to a dynamic address takes the request over and frees its slot', async () => {
    const { manager, clock, dials, end } = world(up, { targetOutbound: 2, nextAddress: endless() });
    manager.start();
    await clock.advance(20);
    expect(manager.connect(address(0), { permanent: true })).toBe(1);
    await clock.advance(20);
    expect(dials).toHaveLength(3);
    expect(manager.snapshot()).toMatchObject({ outbound: 2 });
    expect(manager.snapshot().requests).toMatchObject([
      { id: 1, kind: 'explicit', permanent: true },
      { id: 2, kind: 'dynamic' },
      { id: 3, kind: 'dynamic' },
    ]);
    await end();
  });

  test('CM-09 an address whose identity has dialed us is not dialed; a static request waits', async () => {
    const { manager, clock, dials, end } = world(up);
    manager.start();
    const slot = manager.admitInbound({});
    if (typeof slot === 'string') throw new Error(slot);
    const inbound = new FakeConnection('inbound');
    slot.identify('alice');
    slot.established(inbound);
    expect(manager.connect('9.9.9.9#alice')).toBe(slot.id);
    const id = manager.connect('9.9.9.9#alice', { permanent: true });
    expect(id).not.toBe(slot.id);
    await clock.advance(600_000);
    expect(dials).toEqual([]);
    inbound.drop();
    await clock.advance(20);
    expect(dials.map(({ request }) => request.id)).toEqual([id]);
    await end();
  });

  test('CM-09 an identity that is connected already is refused after the dial', async () => {
    const { manager, clock, sockets, reported, end } = world(() => ({ up: 10 }), {
      identify: () => 'alice',
      identityOf: undefined,
    });
    manager.start();
    manager.connect('a');
    await clock.advance(20);
    manager.connect('b');
    await clock.advance(20);
    expect(reported).toEqual(['+a']);
    expect(sockets.map(({ reasons }) => reasons)).toEqual([[], ['already-connected']]);
    expect(manager.snapshot().counters.failures).toEqual({ 'already-connected': 1 });
    await end();
  });

  test('CM-09 a node does not dial itself', async () => {
    const { manager, clock, dials, sockets, end } = world(up, {
      localIdentity: 'me',
      targetOutbound: 1,
      nextAddress: (
        (n) => () =>
          n++ === 0 ? '1.1.1.1#me' : address(1)
      )(0),
      identify: ({ name }) => (name === 'b' ? 'me' : undefined),
    });
    manager.start();
    manager.connect('2.2.2.2#me');
    manager.connect('b');
    await clock.advance(20);
    expect(dials.map((dial) => dial.address)).toEqual(['b', address(1)]);
    expect(sockets[0]?.reasons).toEqual(['connected-to-self']);
    await end();
  });

  test('CM-09 of two inbound connections with one identity the second is refused', () => {
    const { manager } = world(up);
    manager.start();
    const [one, other] = [manager.admitInbound({}), manager.admitInbound({})];
    if (typeof one === 'string' || typeof other === 'string') throw new Error('refused');
    expect(one.identify('alice')).toBeUndefined();
    expect(one.identify('alice')).toBeUndefined();
    expect(other.identify('alice')).toBe('already-connected');
    other.release();
    one.release();
    const again = manager.admitInbound({});
    expect(typeof again === 'string' || again.identify('alice')).toBeUndefined();
  });

  test.each([
    { keeps: true, refusal: 'already-connected', kept: '9.9.9.9#alice' },
    { keeps: false, refusal: undefined, kept: 'inbound' },
  ])('CM-09 of two simultaneous connections one is kept: the dialed one, $keeps', async (row) => {
    const { manager, clock, reported, end } = world(up, { keepsDialed: () => row.keeps });
    manager.start();
    manager.connect('9.9.9.9#alice');
    await clock.advance(5);
    const slot = manager.admitInbound({});
    if (typeof slot === 'string') throw new Error(slot);
    expect(slot.identify('alice')).toBe(row.refusal);
    if (row.refusal) slot.release();
    else slot.established(new FakeConnection('inbound'));
    await clock.advance(20);
    expect(reported).toEqual([`+${row.kept}`]);
    await end();
  });

  test('CM-10 a connection closed by the remote is reported once, without a reason', async () => {
    const { manager, clock, sockets, reported, end } = world(up);
    manager.start();
    manager.connect('a');
    await clock.advance(20);
    sockets[0]?.drop();
    sockets[0]?.drop();
    await clock.advance(20);
    expect(manager.disconnect(1)).toBe(false);
    expect(reported).toEqual(['+a', '-a']);
    expect(sockets[0]?.reasons).toEqual([]);
    await end();
  });

  test('CM-10 a dial fails if identify throws, and leaves no socket and no slot', async () => {
    const { manager, clock, sockets, end } = world(up, {
      targetOutbound: 1,
      nextAddress: endless(),
      identify: ({ name }) => {
        if (sockets.length < 3) throw new TypeError('unknown connection');
        return name;
      },
    });
    manager.start();
    await clock.advance(60);
    expect(sockets.map(({ reasons }) => reasons)).toEqual([['canceled'], ['canceled'], []]);
    expect(manager.snapshot()).toMatchObject({
      outbound: 1,
      counters: { failures: { TypeError: 2 } },
    });
    await end();
  });

  test('CM-10 an exception in a callback does not stop the manager', async () => {
    const thrown: unknown[] = [];
    const onThrown = (error: unknown): void => void thrown.push(error);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', onThrown);
    try {
      const { manager, clock, end } = world(up, {
        targetOutbound: 1,
        nextAddress: endless(),
        onConnection: () => {
          throw new Error('callback');
        },
      });
      manager.start();
      await clock.advance(20);
      manager.disconnect(1);
      await clock.advance(20);
      expect(manager.snapshot().outbound).toBe(1);
      expect(thrown).toMatchObject([{ message: 'callback' }, { message: 'callback' }]);
      await end();
    } finally {
      process.off('uncaughtException', onThrown);
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });
});

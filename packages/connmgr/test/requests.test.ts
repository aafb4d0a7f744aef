import { describe, expect, test } from 'vitest';
import { ConnManagerError, type ConnManagerSettings, createBanList, createConnManager } from '../src/index.ts';
import { address, endless, FakeConnection, world } from './world.ts';

const up = () => ({ up: 10 });
const down = () => ({ down: 0 });

describe('options', () => {
  test('CM-01 with dial only, connections are made by connect only', async () => {
    const sockets: FakeConnection[] = [];
    const manager = createConnManager({
      dial: async (name: string) => {
        const socket = new FakeConnection(name);
        sockets.push(socket);
        return socket;
      },
    });
    manager.start();
    expect(manager.snapshot()).toMatchObject({
      targetOutbound: 8,
      maxInbound: Number.POSITIVE_INFINITY,
      requests: [],
    });
    manager.connect('peer');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sockets.map(({ name }) => name)).toEqual(['peer']);
    await manager.stop();
    expect(sockets[0]?.reasons).toEqual(['stopping']);
  });

  test('CM-01 the defaults are as specified', async () => {
    const retries: number[] = [];
    const { manager, dials, clock, end } = world(down, { redialDelay: 0 });
    manager.connect('a', { permanent: true });
    manager.start();
    await clock.advance(3 * 3_600_000);
    for (let i = 1; i < dials.length; i++) {
      retries.push((dials[i]?.at ?? 0) - (dials[i - 1]?.at ?? 0));
    }
    expect(retries.slice(0, 3)).toEqual([5_000, 10_000, 15_000]);
    expect(retries.at(-1)).toBe(300_000);
    await end();
  });

  test.each([
    [{ targetOutbound: -1 }, 'targetOutbound is -1'],
    [{ targetOutbound: 1.5 }, 'targetOutbound is 1.5'],
    [{ targetOutbound: Number.POSITIVE_INFINITY }, 'targetOutbound is Infinity, expected a finite number'],
    [{ maxInbound: Number.NaN }, 'maxInbound is NaN'],
    [{ maxPending: 0 }, 'maxPending is 0'],
    [{ retryDelay: 0 }, 'retryDelay is 0'],
    [{ retryJitter: 2 }, 'retryJitter is 2, expected a number from 0 to 1'],
    [{ maxPeers: -3 }, 'maxPeers is -3'],
    [{ maxPeer: 3 }, 'createConnManager has no option "maxPeer" (did you mean "maxPeers"?), known options: targ'],
  ])('CM-01 setting %o is refused with its name and value', (settings, message) => {
    const dial = async (name: string) => new FakeConnection(name);
    const create = () => createConnManager({ dial }, settings as ConnManagerSettings);
    expect(create).toThrow(ConnManagerError);
    expect(create).toThrow(message);
  });

  test.each([
    [{ dial: undefined }, 'dial is undefined, expected a function'],
    [{ clock: 5 }, 'clock is 5, expected an object with the methods now, monotonic, setTimeout'],
    [
      { nextAddres: () => 'a' },
      'createConnManager has no option "nextAddres" (did you mean "nextAddress"?), known options: dial',
    ],
    [{ maxPeers: 3 }, 'createConnManager has no option "maxPeers"'],
  ])('CM-01 collaborator %o is refused with its name and value', (wrong, message) => {
    const collaborators = { dial: async (name: string) => new FakeConnection(name), ...wrong };
    const create = () => createConnManager(collaborators as never);
    expect(create).toThrow(ConnManagerError);
    expect(create).toThrow(message);
  });

  test('CM-01 misspelt options of calls are refused', () => {
    const manager = createConnManager({ dial: async (name: string) => new FakeConnection(name) });
    const calls: [() => unknown, string][] = [
      [() => manager.connect('a', { permanant: true } as never), 'connect has no option "permanant" (did you mean'],
      [() => manager.addBanScore(1, { transent: 5 } as never), 'addBanScore has no option "transent"'],
      [() => manager.addBanScore(1, { persistent: Number.NaN }), 'persistent is NaN'],
      [() => manager.ban(Uint8Array.of(1, 1, 1, 1), { until: 5 } as never), 'ban has no option "until"'],
      [() => createBanList({ onchange: () => {} } as never), 'createBanList has no option "onchange"'],
    ];
    for (const [call, message] of calls) {
      expect(call).toThrow(ConnManagerError);
      expect(call).toThrow(message);
      expect(call).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
    expect(manager.snapshot().requests).toEqual([]);
    expect(manager.bans.entries()).toEqual([]);
  });

  test.each([
    { listeners: true, onAccept: false, asked: 0 },
    { listeners: false, onAccept: true, asked: 0 },
    { listeners: true, onAccept: true, asked: 2 },
  ])('CM-01 listeners and onAccept are inert without each other: $listeners, $onAccept', async (row) => {
    let asked = 0;
    let accepted = 0;
    const listener = {
      accept: async () => {
        if (++asked > 1) return new Promise<never>(() => {});
        return new FakeConnection('30.0.0.1');
      },
      close: () => {},
    };
    const { manager, clock, end } = world(up, {
      ...(row.listeners && { listeners: [listener] }),
      ...(row.onAccept && {
        onAccept: (incoming: FakeConnection) => {
          accepted++;
          return incoming;
        },
      }),
    });
    manager.start();
    await clock.advance(1_000);
    expect(asked).toBe(row.asked);
    expect(accepted).toBe(row.asked === 0 ? 0 : 1);
    expect(manager.snapshot().inbound).toBe(accepted);
    await end();
  });
});

describe('requests', () => {
  test('CM-02 ids count from 1, a retry keeps its id, a replacement gets a new one', async () => {
    const { manager, clock, dials, end } = world(
      (name, n) => (name === 'static' ? { down: 10 } : n < 4 ? { down: 10 } : { up: 10 }),
      { targetOutbound: 1, nextAddress: endless(), redialDelay: 0 },
    );
    expect(manager.connect('static', { permanent: true })).toBe(1);
    manager.start();
    await clock.advance(20_000);
    const ids = (kind: string) => dials.filter(({ request }) => request.kind === kind).map(({ request }) => request.id);
    expect(ids('explicit')).toEqual([1, 1, 1]);
    expect(ids('dynamic')).toEqual([2, 3, 4]);
    expect(manager.snapshot().requests).toMatchObject([
      { id: 1, permanent: true, state: 'failing', retries: 3, failure: 'Error' },
      { id: 4, permanent: false, state: 'established', retries: 0 },
    ]);
    await end();
  });

  test('CM-02 a request goes through its states', async () => {
    const { manager, clock, dials, sockets, end } = world((_, n) => (n === 1 ? { down: 5 } : up()), {
      redialDelay: 0,
    });
    manager.start();
    const id = manager.connect('a', { permanent: true });
    const state = () => manager.snapshot().requests[0];
    expect(state()).toMatchObject({ state: 'pending', step: 'waiting' });
    await clock.advance(1);
    expect(state()).toMatchObject({ state: 'pending', step: 'dialing' });
    await clock.advance(5);
    expect(state()).toMatchObject({ state: 'failing', retryIn: 4_999, retries: 1 });
    await clock.advance(5_020);
    expect(state()).toMatchObject({ id, state: 'established' });
    const request = dials[0]?.request;
    expect(request?.state).toMatchObject({ status: 'established', connection: sockets[0] });
    manager.remove(id);
    expect(request?.state).toEqual({ status: 'disconnected', reason: 'requested' });
    const other = manager.connect('b');
    await clock.advance(1);
    manager.disconnect(other);
    expect(dials.at(-1)?.request.state).toEqual({ status: 'canceled' });
    await end();
  });

  test('CM-03 a request can be canceled while its address is being selected', async () => {
    let give = (_: string): void => {};
    const signals: AbortSignal[] = [];
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 1,
      nextAddress: ({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => {
          give = resolve;
        });
      },
    });
    manager.start();
    await clock.advance(1);
    expect(manager.snapshot().requests).toMatchObject([{ id: 1, state: 'pending', step: 'choosing' }]);
    manager.remove(1);
    expect(signals[0]?.aborted).toBe(true);
    give('late');
    await clock.advance(60_000);
    expect(dials).toEqual([]);
    expect(manager.snapshot().requests).toEqual([]);
    await end();
  });

  test.each(['disconnect', 'remove'] as const)(
    'CM-03 a dial that ends after %s closes its socket and calls no callback',
    async (how) => {
      const { manager, clock, dials, sockets, reported, end } = world(() => ({ up: 100 }));
      manager.start();
      const id = manager.connect('a');
      await clock.advance(50);
      expect(manager[how](id)).toBe(true);
      expect(dials[0]?.signal.aborted).toBe(true);
      await clock.advance(100);
      expect(sockets.map(({ reasons }) => reasons)).toEqual([['canceled']]);
      expect(reported).toEqual([]);
      expect(manager.snapshot().requests).toEqual([]);
      await end();
    },
  );

  test('CM-03 a dial that ends after its timeout closes its socket and calls no callback', async () => {
    const { manager, clock, sockets, reported, end } = world(() => ({ up: 20_000 }));
    manager.start();
    manager.connect('a');
    await clock.advance(20_001);
    expect(sockets.map(({ reasons }) => reasons)).toEqual([['canceled']]);
    expect(reported).toEqual([]);
    await end();
  });
});

describe('retries', () => {
  test('CM-04 a permanent address is retried after min(retries · retryDelay, maxRetryDelay)', async () => {
    const { manager, clock, dials, end } = world(down, {
      retryDelay: 100,
      maxRetryDelay: 350,
      redialDelay: 0,
    });
    manager.start();
    manager.connect('a', { permanent: true });
    await clock.advance(1_650);
    expect(dials.map(({ at }) => at)).toEqual([0, 100, 300, 600, 950, 1_300, 1_650]);
    expect(manager.snapshot().requests).toMatchObject([{ id: 1, retries: 7 }]);
    await end();
  });

  test('CM-04 jitter changes a delay by its share at most', async () => {
    const { manager, clock, dials, end } = world(down, {
      retryDelay: 100,
      maxRetryDelay: 100,
      retryJitter: 0.2,
      redialDelay: 0,
    });
    manager.start();
    manager.connect('a', { permanent: true });
    await clock.advance(10_000);
    const delays = dials.slice(1).map(({ at }, i) => at - (dials[i]?.at ?? 0));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(79.9);
    expect(Math.max(...delays)).toBeLessThanOrEqual(120.1);
    expect(new Set(delays.map(Math.round)).size).toBeGreaterThan(10);
    await end();
  });

  test('CM-04 other requests get a new address at once, and after retryDelay from the 25th failure in a row on', async () => {
    const { manager, clock, dials, end } = world(down, {
      targetOutbound: 1,
      nextAddress: endless(),
      retryDelay: 1_000,
    });
    manager.start();
    await clock.advance(999);
    expect(dials).toHaveLength(25);
    expect(new Set(dials.map(({ address }) => address)).size).toBe(25);
    await clock.advance(3_000);
    expect(dials).toHaveLength(28);
    await end();
  });

  test('CM-04 a success resets the failures in a row', async () => {
    const { manager, clock, dials, sockets, end } = world((_, n) => (n % 25 === 0 ? up() : down()), {
      targetOutbound: 1,
      nextAddress: endless(),
      retryDelay: 60_000,
    });
    manager.start();
    await clock.advance(60_000);
    expect(sockets).toHaveLength(1);
    await clock.advance(60_000);
    sockets[0]?.drop();
    await clock.advance(50_000);
    expect(sockets).toHaveLength(2);
    expect(dials).toHaveLength(50);
    await end();
  });

  test('CM-05 a permanent address whose connection is lost backs off until it is marked as useful', async () => {
    const { manager, clock, dials, sockets, end } = world(() => ({ up: 0 }), {
      retryDelay: 100,
      redialDelay: 0,
    });
    manager.start();
    const id = manager.connect('a', { permanent: true });
    const lose = async (): Promise<number> => {
      await clock.advance(1);
      const before = clock.monotonic();
      sockets.at(-1)?.drop();
      const { length } = dials;
      while (dials.length === length) await clock.advance(1);
      return Math.round(clock.monotonic() - before);
    };
    expect([await lose(), await lose(), await lose()]).toEqual([100, 200, 300]);
    expect(manager.snapshot().requests[0]?.retries).toBe(3);
    manager.markUseful(id);
    expect(manager.snapshot().requests[0]?.retries).toBe(0);
    expect([await lose(), await lose()]).toEqual([100, 200]);
    await end();
  });

  test('CM-06 disconnect replaces an established connection and reports it once', async () => {
    const { manager, clock, dials, reported, end } = world(up, {
      targetOutbound: 2,
      nextAddress: endless(),
    });
    manager.start();
    await clock.advance(20);
    expect(manager.disconnect(1)).toBe(true);
    await clock.advance(20);
    expect(reported).toEqual([`+${address(0)}`, `+${address(1)}`, `-${address(0)} requested`, `+${address(2)}`]);
    expect(dials).toHaveLength(3);
    expect(manager.snapshot().requests.map(({ id }) => id)).toEqual([2, 3]);
    await end();
  });

  test('CM-06 disconnect of a permanent request dials it again with the same id', async () => {
    const { manager, clock, reported, ids, end } = world(up, { redialDelay: 0 });
    manager.start();
    const id = manager.connect('a', { permanent: true });
    await clock.advance(20);
    manager.disconnect(id);
    await clock.advance(6_000);
    expect(reported).toEqual(['+a', '-a requested', '+a']);
    expect(ids()).toEqual([id]);
    await end();
  });

  test('CM-06 disconnect cancels a pending request; a dynamic one is replaced', async () => {
    const { manager, clock, dials, ids, end } = world(() => 'hangs', {
      targetOutbound: 1,
      nextAddress: endless(),
    });
    manager.start();
    const id = manager.connect('a', { permanent: true });
    await clock.advance(1);
    manager.disconnect(id);
    manager.disconnect(1);
    await clock.advance(1);
    expect(dials.map(({ request }) => request.state.status)).toEqual(['canceled', 'canceled', 'pending']);
    expect(ids()).toEqual([3]);
    await end();
  });

  test('CM-06 remove never replaces', async () => {
    const { manager, clock, ids, end } = world(up, { targetOutbound: 2, nextAddress: endless() });
    manager.start();
    const id = manager.connect('a', { permanent: true });
    await clock.advance(20);
    manager.remove(1);
    manager.remove(id);
    await clock.advance(600_000);
    expect(ids()).toEqual([2]);
    await end();
  });

  test('CM-06 CM-15 CM-19 feelers and rotation run when a target lowered by remove is full', async () => {
    const { manager, clock, end } = world(up, {
      targetOutbound: 3,
      nextAddress: endless(),
      nextFeeler: endless(5_000),
    });
    manager.start();
    await clock.advance(20);
    manager.remove(1);
    expect(manager.snapshot()).toMatchObject({ outbound: 2, targetOutbound: 2 });
    await clock.advance(3_600_000);
    const { outbound, counters } = manager.snapshot();
    expect(outbound).toBe(2);
    expect(counters.tested).toBeGreaterThan(0);
    expect(counters.rotated).toBeGreaterThan(0);
    await end();
  });

  test('CM-06 unknown ids are harmless', () => {
    const { manager } = world(up);
    for (const id of [0, 7, -1, Number.NaN]) {
      expect(manager.disconnect(id)).toBe(false);
      expect(manager.remove(id)).toBe(false);
      expect(manager.addBanScore(id, { persistent: 1_000 })).toBe(false);
      manager.markUseful(id);
    }
    expect(manager.snapshot().requests).toEqual([]);
  });
});

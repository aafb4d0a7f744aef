import { describe, expect, test } from 'vitest';
import { address, endless, FakeConnection, identityOf, world } from './world.ts';

const up = () => ({ up: 10 });

describe('dial scheduler', () => {
  test('CM-14 static addresses are dialed before dynamic ones, in random order', async () => {
    const { manager, clock, dials, end } = world(() => ({ down: 1 }), {
      targetOutbound: 3,
      nextAddress: endless(),
      maxActiveDials: 1,
    });
    const statics = Array.from({ length: 20 }, (_, n) => `static${n}`);
    manager.start();
    for (const name of statics) manager.connect(name, { permanent: true });
    await clock.advance(19.5);
    const first = dials.map((dial) => dial.address);
    expect(first).not.toEqual(statics);
    expect(first.toSorted()).toEqual(statics.toSorted());
    await clock.advance(1);
    expect(dials.at(-1)?.request.kind).toBe('dynamic');
    await end();
  });

  test('CM-14 no more than maxActiveDials at once, of any kind', async () => {
    const { manager, clock, dials, end } = world(() => ({ down: 1_000 }), {
      targetOutbound: 30,
      nextAddress: endless(),
    });
    manager.start();
    for (let n = 0; n < 10; n++) manager.connect(`static${n}`, { permanent: true });
    const dialing = () => manager.snapshot().requests.filter(({ step }) => step === 'dialing').length;
    const seen = new Set<number>();
    for (let t = 0; t < 80; t++) {
      await clock.advance(100);
      seen.add(dialing());
    }
    expect(Math.max(...seen)).toBe(16);
    expect(dials.length).toBeGreaterThan(50);
    await end();
  });

  test('CM-14 no more dials than twice the free slots', async () => {
    const { manager, clock, end } = world((_, n) => (n % 5 === 0 ? { up: 10 } : { down: 50 }), {
      targetOutbound: 6,
      nextAddress: endless(),
    });
    manager.start();
    for (let t = 0; t < 1_000; t++) {
      await clock.advance(1);
      const { requests, outbound } = manager.snapshot();
      const dialing = requests.filter(({ step }) => step === 'dialing').length;
      expect(dialing).toBeLessThanOrEqual(2 * (6 - outbound));
    }
    expect(manager.snapshot().outbound).toBe(6);
    await end();
  });

  test('CM-14 an address is not dialed again within 35 s', async () => {
    let n = 0;
    const { manager, clock, dials, end } = world(() => ({ down: 10 }), {
      targetOutbound: 2,
      nextAddress: () => address(n++ % 3),
      retryDelay: 5_000,
    });
    manager.start();
    manager.connect('8.8.8.8', { permanent: true });
    await clock.advance(300_000);
    const last = new Map<string, number>();
    for (const { address, at } of dials) {
      expect(at - (last.get(address) ?? -35_000)).toBeGreaterThanOrEqual(35_000);
      last.set(address, at);
    }
    expect(last.size).toBe(4);
    expect(dials.length).toBeGreaterThan(4 * 7);
    expect(manager.snapshot().counters.skipped['recently-dialed']).toBeGreaterThan(0);
    await end();
  });

  test('CM-14 a local address is dialed again as soon as its back-off allows', async () => {
    const { manager, clock, dials, end } = world(() => ({ down: 0 }));
    manager.start();
    manager.connect('127.0.0.1:30303', { permanent: true });
    await clock.advance(15_000);
    expect(dials.map(({ at }) => at)).toEqual([0, 5_000, 15_000]);
    await end();
  });

  test('CM-14 a dial times out after 15 s', async () => {
    const { manager, clock, dials, end } = world(() => 'hangs', {
      targetOutbound: 1,
      nextAddress: endless(),
    });
    manager.start();
    await clock.advance(14_999);
    expect(dials).toHaveLength(1);
    expect(dials[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(dials[0]?.signal.reason).toMatchObject({ name: 'ConnManagerError', code: 'timeout' });
    expect(dials).toHaveLength(2);
    expect(manager.snapshot().counters.failures).toEqual({ timeout: 1 });
    await end();
  });

  test('CM-14 an identity with a pending inbound handshake is not dialed', async () => {
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 1,
      nextAddress: (
        (n) => () =>
          address(n++)
      )(0),
    });
    manager.start();
    const slot = manager.admitInbound({});
    if (typeof slot === 'string') throw new Error(slot);
    slot.identify(identityOf(address(0)) ?? '');
    manager.connect(address(0), { permanent: true });
    await clock.advance(5_000);
    expect(dials.map((dial) => dial.address)).toEqual([address(1)]);
    expect(manager.snapshot().counters).toMatchObject({
      skipped: { 'already-connected': 1 },
      failures: {},
    });
    slot.release();
    await clock.advance(20);
    expect(dials.map((dial) => dial.address)).toEqual([address(1), address(0)]);
    await end();
  });

  test('CM-14 an identity that connects while its address waits for a dial is not dialed', async () => {
    const { manager, clock, dials, end } = world(() => ({ down: 1_000 }), {
      targetOutbound: 2,
      nextAddress: endless(),
      maxActiveDials: 1,
    });
    manager.start();
    await clock.advance(10);
    const slot = manager.admitInbound({});
    if (typeof slot === 'string') throw new Error(slot);
    slot.identify(identityOf(address(1)) ?? '');
    slot.established(new FakeConnection('inbound'));
    await clock.advance(5_000);
    expect(dials.map((dial) => dial.address)).not.toContain(address(1));
    expect(manager.snapshot().counters.skipped['already-connected']).toBe(0);
    await end();
  });

  test.each([
    { maxPeers: 50, dialRatio: undefined, outbound: 16, inbound: 34 },
    { maxPeers: 25, dialRatio: 5, outbound: 5, inbound: 20 },
    { maxPeers: 2, dialRatio: undefined, outbound: 1, inbound: 1 },
    { maxPeers: 1, dialRatio: undefined, outbound: 1, inbound: 0 },
    { maxPeers: 0, dialRatio: undefined, outbound: 0, inbound: 0 },
  ])('CM-14 of $maxPeers peers $outbound are dialed, with ratio $dialRatio', async (row) => {
    const { manager, clock, end } = world(up, {
      maxPeers: row.maxPeers,
      dialRatio: row.dialRatio,
      nextAddress: endless(),
    });
    manager.start();
    await clock.advance(100);
    expect(manager.snapshot()).toMatchObject({
      targetOutbound: row.outbound,
      outbound: row.outbound,
      maxInbound: row.inbound,
    });
    await end();
  });

  test('CM-14 banned networks and those outside netRestrict are dialed only by connect', async () => {
    const names = ['20.1.0.1', '30.1.0.1', '20.2.0.1', '20.3.0.1'];
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 1,
      nextAddress: () => names.shift(),
      netRestrict: [{ network: Uint8Array.of(20, 0, 0, 0), prefix: 8 }],
    });
    manager.ban(Uint8Array.of(20, 1, 0, 1));
    manager.bans.discourage(Uint8Array.of(20, 2, 0, 1));
    manager.start();
    await clock.advance(20);
    expect(dials.map((dial) => dial.address)).toEqual(['20.3.0.1']);
    manager.connect('30.1.0.1');
    await clock.advance(20);
    expect(dials.map((dial) => dial.address)).toEqual(['20.3.0.1', '30.1.0.1']);
    expect(manager.snapshot().counters.skipped).toMatchObject({ banned: 2, 'not-permitted': 1 });
    await end();
  });
});

describe('diversity', () => {
  test('CM-15 one outbound connection per network group; explicit and inbound ones do not count', async () => {
    const names = ['5.5.1.1#a', '5.5.2.2#b', '6.6.1.1#c', '5.5.3.3#d', '6.7.1.1#e', '7.7.7.7#f'];
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 3,
      nextAddress: () => names.shift(),
    });
    manager.start();
    manager.connect('5.5.9.9#s', { permanent: true });
    manager.trust('t');
    manager.connect('6.6.9.9#t');
    const slot = manager.admitInbound({ ip: Uint8Array.of(7, 7, 1, 1) });
    if (typeof slot === 'string') throw new Error(slot);
    slot.identify('i');
    slot.established(new FakeConnection('7.7.1.1'));
    await clock.advance(100);
    const dialed = (kind: string) => dials.filter(({ request }) => request.kind === kind).map((dial) => dial.address);
    expect(dialed('explicit').toSorted()).toEqual(['5.5.9.9#s', '6.6.9.9#t']);
    expect(dialed('dynamic')).toEqual(['5.5.1.1#a', '6.6.1.1#c', '6.7.1.1#e']);
    expect(manager.snapshot().counters.skipped['same-network']).toBe(2);
    expect(names).toEqual(['7.7.7.7#f']);
    await end();
  });

  test.each([
    ['IPv4 /16', [1, 2, 3, 4], [1, 2, 9, 9], [1, 3, 3, 4]],
    [
      'IPv6 /32',
      [0x20, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      [0x20, 1, 2, 3, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      [0x20, 1, 2, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
    [
      'IPv4 in IPv6, /16',
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4],
      [1, 2, 9, 9],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 3, 3, 4],
    ],
  ])('CM-15 a network group is an %s', async (_, first, near, far) => {
    const ips = new Map([first, near, far].map((bytes) => [bytes.join(), Uint8Array.from(bytes)]));
    const names = [...ips.keys()];
    const { manager, clock, dials, end } = world(up, {
      targetOutbound: 2,
      nextAddress: () => names.shift(),
      ipOf: (name) => ips.get(name),
    });
    manager.start();
    await clock.advance(20);
    expect(dials.map((dial) => dial.address)).toEqual([first.join(), far.join()]);
    await end();
  });

  test('CM-15 local addresses have no network group', async () => {
    let n = 1;
    const { manager, clock, end } = world(up, {
      targetOutbound: 4,
      nextAddress: () => `127.0.0.1:${n++}`,
    });
    manager.start();
    await clock.advance(20);
    expect(manager.snapshot().outbound).toBe(4);
    await end();
  });

  test('CM-15 each feeler tests one address and closes; the mean interval is two minutes', async () => {
    const tested: [string, unknown][] = [];
    const feeler = endless(10_000);
    const { manager, clock, dials, sockets, reported, end } = world(
      (name) => (Number(identityOf(name)?.slice(2)) % 2 ? { up: 10 } : { down: 10 }),
      {
        targetOutbound: 1,
        nextAddress: () => address(1),
        nextFeeler: feeler,
        onDialed: (name, error) => void tested.push([name, error]),
        stats: () => ({ usefulness: 1 }),
      },
    );
    manager.start();
    await clock.advance(30 * 3_600_000);
    const feelers = dials.filter(({ request }) => request.kind === 'feeler');
    // 900 events of a Poisson process, within four standard deviations.
    expect(Math.abs(feelers.length - 900)).toBeLessThan(120);
    const waits = feelers.slice(1).map(({ at }, i) => at - (feelers[i]?.at ?? 0));
    const short = waits.filter((wait) => wait < 120_000).length / waits.length;
    expect(short).toBeGreaterThan(0.57);
    expect(short).toBeLessThan(0.69);
    expect(reported).toEqual([`+${address(1)}`]);
    expect(new Set(sockets.slice(1).flatMap(({ reasons }) => reasons))).toEqual(new Set(['tested']));
    expect(sockets.filter(({ isOpen }) => isOpen)).toHaveLength(1);
    expect(tested.filter(([, error]) => error === undefined)).toHaveLength(manager.snapshot().counters.tested + 1);
    expect(manager.snapshot().counters.tested).toBeGreaterThan(390);
    await end();
  });

  test('CM-15 there are no feelers while outbound slots are free', async () => {
    let asked = 0;
    const { manager, clock, end } = world(() => ({ down: 10 }), {
      targetOutbound: 1,
      nextAddress: endless(),
      nextFeeler: () => {
        asked++;
        return address(9_999);
      },
    });
    manager.start();
    await clock.advance(3_600_000);
    expect(asked).toBe(0);
    await end();
  });
});

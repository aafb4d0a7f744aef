import { createVirtualClock } from '@devp2p/clock/virtual';
import { parseIp, parseIpRange } from '@devp2p/ip';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BanScore, BanScores } from '../src/bans/ban-score.ts';
import { type BanEntry, ConnManagerError, createBanList } from '../src/index.ts';
import { address, endless, FakeConnection, world } from './world.ts';

const ip = (text: string): Uint8Array => parseIp(text) ?? Uint8Array.of();

describe('ban score', () => {
  test('CM-17 the transient part is halved after a minute', () => {
    // btcd, dynamicbanscore_test.go
    const score = new BanScore();
    expect(score.increase(100, 50, 0)).toBe(150);
    expect(score.value(60_000)).toBe(125);
    expect(score.value(7 * 60_000)).toBe(100);
  });

  test('CM-17 the transient part is 0 after half an hour', () => {
    // btcd, dynamicbanscore_test.go
    const score = new BanScore();
    score.increase(0, 2 ** 32 - 1, 0);
    expect(score.value(1_800_000)).toBe(3);
    expect(score.value(1_801_000)).toBe(0);
  });

  test('CM-17 an increase is added after the decay', () => {
    const score = new BanScore();
    score.increase(0, 80, 0);
    expect(score.increase(5, 10, 120_000)).toBe(35);
    expect(score.value(180_000)).toBe(20);
    expect(score.increase(5, 0, 240_000)).toBe(17);
    score.increase(0, 10, 5_000_000);
    expect(score.value(5_000_000)).toBe(20);
  });

  test('CM-17 a score does not grow without an increase, and is never below its persistent part', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.nat(600_000)), { maxLength: 20 }), (events) => {
        const score = new BanScore();
        let now = 0;
        let persistent = 0;
        for (const [lasting, passing, wait] of events) {
          const before = score.value(now);
          now += wait;
          expect(score.value(now)).toBeLessThanOrEqual(before);
          persistent += lasting;
          expect(score.increase(lasting, passing, now)).toBeGreaterThanOrEqual(persistent);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('CM-17 the number of stored scores is bounded', () => {
    const scores = new BanScores(2);
    scores.increase('a', 1, 0, 0);
    scores.increase('b', 1, 0, 0);
    expect(scores.increase('a', 1, 0, 0)).toBe(2);
    scores.increase('c', 1, 0, 0);
    expect(scores.increase('a', 1, 0, 0)).toBe(3);
    expect(scores.increase('b', 1, 0, 0)).toBe(1);
  });
});

describe('ban list', () => {
  test('CM-17 networks and addresses are banned until they expire', async () => {
    const clock = createVirtualClock();
    const bans = createBanList({ clock });
    bans.ban(parseIpRange('203.0.0.0/16'), { duration: 1_000, reason: 'spam' });
    bans.ban(ip('8.8.8.8'));
    bans.ban(parseIpRange('2a00:1::/32'));
    const banned = (text: string) => bans.find(ip(text))?.kind === 'ban';
    expect(['203.0.0.1', '203.0.255.255', '::ffff:203.0.1.1', '8.8.8.8'].map(banned)).toEqual(Array(4).fill(true));
    expect(['203.1.0.1', '8.8.8.9', '2a00:2::1', '::cb00:1'].map(banned)).toEqual(Array(4).fill(false));
    expect(banned('2a00:1:ffff::1')).toBe(true);
    expect(bans.find(ip('203.0.0.1'))?.reason).toBe('spam');
    await clock.advance(1_000);
    expect(banned('203.0.0.1')).toBe(false);
    expect(bans.entries()).toHaveLength(2);
    await clock.advance(86_400_000);
    expect(bans.entries()).toEqual([]);
  });

  test('CM-17 a ban takes precedence over discouragement, lift removes both, and changes are reported', () => {
    let changes = 0;
    const bans = createBanList({ onChange: () => void changes++ });
    bans.ban(parseIpRange('203.0.0.0/16'), { duration: Number.POSITIVE_INFINITY });
    bans.discourage(ip('203.0.0.1'));
    expect(bans.find(ip('203.0.0.1'))?.kind).toBe('ban');
    expect(bans.lift(parseIpRange('203.0.0.0/16'))).toBe(true);
    expect(bans.find(ip('203.0.0.1'))?.kind).toBe('discourage');
    expect(bans.lift(parseIpRange('203.0.0.0/16'))).toBe(false);
    expect(bans.lift(ip('203.0.0.1'))).toBe(true);
    expect(bans.entries()).toEqual([]);
    expect(changes).toBe(4);
  });

  test('CM-17 the number of discouraged networks is bounded, the oldest are dropped first; bans are kept', () => {
    const bans = createBanList({ maxDiscouraged: 3 });
    bans.ban(ip('9.9.9.9'));
    for (let n = 1; n <= 5; n++) bans.discourage(Uint8Array.of(1, 1, 1, n));
    expect(bans.entries().map(({ range }) => range.network.at(-1))).toEqual([9, 3, 4, 5]);
  });

  test('CM-17 saved entries are restored, except for expired ones', async () => {
    const clock = createVirtualClock();
    const saved = createBanList({ clock });
    saved.ban(parseIpRange('203.0.0.0/16'), { reason: 'spam' });
    saved.discourage(ip('2a00::1'), { duration: 1_000 });
    const entries = saved.entries();
    await clock.advance(1_000);
    const restored = createBanList({ clock });
    restored.ban(ip('9.9.9.9'));
    restored.restore(entries);
    expect(restored.entries()).toEqual(entries.slice(0, 1));
    expect(restored.find(ip('203.0.3.3'))?.reason).toBe('spam');
    expect(restored.find(ip('9.9.9.9'))).toBeUndefined();
  });

  const good: BanEntry = {
    kind: 'ban',
    range: parseIpRange('1.2.3.0/24'),
    until: 2e12,
    reason: '',
  };
  test.each<[string, unknown]>([
    ['the entry is empty', undefined],
    ['kind is "pardon", expected "ban" or "discourage"', { ...good, kind: 'pardon' }],
    ['until is tomorrow, expected a time', { ...good, until: 'tomorrow' }],
    ['until is NaN, expected a time', { ...good, until: Number.NaN }],
    ['reason is not a string', { ...good, reason: 7 }],
    ['ip is a value of type undefined', { ...good, range: '1.2.3.4' }],
    ['ip is 5 bytes', { ...good, range: { network: new Uint8Array(5), prefix: 0 } }],
    ['ip is a value of type object', { ...good, range: { network: [1, 2, 3, 4], prefix: 0 } }],
    ['prefix is 33', { ...good, range: { network: new Uint8Array(4), prefix: 33 } }],
    ['prefix is 1.5', { ...good, range: { network: new Uint8Array(4), prefix: 1.5 } }],
    ['ip is a value of type undefined', { ...good, range: undefined }],
  ])('CM-17 an invalid entry is refused with its number, and the list is unchanged: %s', (message, bad) => {
    const bans = createBanList({ clock: createVirtualClock() });
    bans.ban(ip('9.9.9.9'));
    const before = bans.entries();
    const restore = () => bans.restore([good, bad as BanEntry, good]);
    expect(restore).toThrow(ConnManagerError);
    expect(restore).toThrow(`ban list entry 2: ${message}`);
    expect(restore).toThrow(expect.objectContaining({ code: 'invalid-ban' }));
    expect(bans.entries()).toEqual(before);
    expect(bans.find(ip('1.2.3.4'))).toBeUndefined();
  });

  test('CM-17 an invalid range cannot be banned', () => {
    const bans = createBanList();
    expect(() => bans.ban(Uint8Array.of(1, 2, 3))).toThrow(ConnManagerError);
    expect(() => bans.ban(ip('1.2.3.4'), { duration: Number.NaN })).toThrow('until is NaN');
    expect(bans.entries()).toEqual([]);
  });
});

describe('manager', () => {
  test('CM-17 a ban closes the connections of a network, except for peers of the operator', async () => {
    const { manager, clock, reported, dials, end } = world(() => ({ up: 10 }), {
      targetOutbound: 2,
      nextAddress: endless(),
    });
    manager.start();
    manager.connect('20.0.9.9#static', { permanent: true });
    manager.trust('friend');
    const enter = (name: string, identity: string) => {
      const slot = manager.admitInbound({ ip: ip(name) });
      if (typeof slot === 'string') return;
      slot.identify(identity);
      slot.established(new FakeConnection(name));
    };
    enter('20.0.5.5', 'foe');
    enter('20.0.6.6', 'friend');
    await clock.advance(20);
    manager.ban(parseIpRange('20.0.0.0/16'));
    expect(reported.filter((line) => line.startsWith('-')).toSorted()).toEqual([
      `-${address(0)} banned`,
      '-20.0.5.5 banned',
    ]);
    await clock.advance(20);
    expect(dials.at(-1)?.address).toBe(address(2));
    expect(manager.snapshot()).toMatchObject({ outbound: 2, inbound: 1 });
    await end();
  });

  test('CM-17 a peer that misbehaves in several connections is disconnected and discouraged', async () => {
    const { manager, clock, reported, end } = world(() => ({ up: 10 }));
    manager.start();
    const enter = async (name: string) => {
      const slot = manager.admitInbound({ ip: ip(name) });
      if (typeof slot === 'string') throw new Error(slot);
      const connection = new FakeConnection(name);
      slot.established(connection);
      return { connection, id: slot.id };
    };
    const first = await enter('9.9.9.9');
    expect(manager.addBanScore(first.id, { persistent: 60, transient: 30 })).toBe(false);
    first.connection.drop();
    await clock.advance(60_000);
    const second = await enter('9.9.9.9');
    expect(manager.addBanScore(second.id, { transient: 10 })).toBe(false);
    expect(manager.addBanScore(second.id, { transient: 20, reason: 'spam' })).toBe(true);
    expect(reported.at(-1)).toBe('-9.9.9.9 discouraged');
    expect(manager.bans.entries()).toMatchObject([
      { kind: 'discourage', range: { network: ip('9.9.9.9'), prefix: 32 }, reason: 'spam' },
    ]);
    await end();
  });

  test('CM-17 local addresses are disconnected but not discouraged, peers of the operator stay connected', async () => {
    const { manager, clock, reported, end } = world(() => ({ up: 10 }));
    manager.start();
    const chosen = manager.connect('9.9.9.9#static', { permanent: true });
    const slot = manager.admitInbound({ ip: ip('127.0.0.1') });
    if (typeof slot === 'string') throw new Error(slot);
    slot.established(new FakeConnection('127.0.0.1'));
    await clock.advance(20);
    expect(manager.addBanScore(chosen, { persistent: 1_000 })).toBe(false);
    expect(manager.addBanScore(slot.id, { persistent: 1_000 })).toBe(true);
    expect(reported.at(-1)).toBe('-127.0.0.1 discouraged');
    expect(manager.bans.entries()).toEqual([]);
    await end();
  });
});

import { expect, test } from 'vitest';
import type { AddrNode, AddrSource, SignedRecord } from '../src/index.ts';
import { day, distinctNode, hour, id, ip, known, minute, node, peer, world } from './world.ts';

const record = (seq: bigint, ...bytes: number[]): SignedRecord => ({
  seq,
  bytes: Uint8Array.from(bytes),
});

/** Sources, each in a group of its own. */
const sources = Array.from({ length: 60 }, (_, i) => peer(`${20 + i}.1.1.1`));

test('AM-02 an id has one entry even if several addresses are reported', () => {
  const { book } = world();
  expect(book.add([node(1, '11.1.1.1'), node(1, '12.1.1.1')], peer('20.1.1.1'))).toBe(1);
  expect(book.add([node(1, '13.1.1.1')], peer('21.1.1.1'))).toBe(0);
  expect(book.get(id(1))?.address.ip).toEqual(ip('11.1.1.1'));
  expect(book.stats).toMatchObject({ size: 1, refused: { 'other-address': 2 } });
});

test('AM-02 the slot depends on address and port only, so extra ids gain no slots', () => {
  const { book } = world();
  const crowd = Array.from({ length: 100 }, (_, i) => node(i, '11.1.1.1'));
  expect(book.add(crowd, peer('20.1.1.1'))).toBe(1);
  const otherPort = { ip: ip('11.1.1.1'), tcp: 30304, udp: 0 };
  expect(book.add([{ id: id(200), address: otherPort }], peer('20.1.1.1'))).toBe(1);
});

test.each<[string, string, boolean]>([
  ['11.1.1.1', '11.1.254.9', true],
  ['11.1.1.1', '11.2.1.1', false],
  ['2a00:1:2:3:4:5:6:7', '2a00:1:ffff:3:4:5:6:7', true],
  ['2a00:1:2:3:4:5:6:7', '2a00:2:2:3:4:5:6:7', false],
  ['11.1.1.1', '0:0:0:0:0:ffff:b01:202', true],
  ['11.1.1.1', '2a00:1:2:3:4:5:6:7', false],
])('AM-02 %s and %s: same group %s', (a, b, same) => {
  const { book } = world();
  expect(book.group(ip(a)) === book.group(ip(b))).toBe(same);
});

test('AM-02 a group map takes precedence over address prefixes', () => {
  const systems = new Map([
    [11, 64500],
    [12, 64500],
    [0x2a, 64500],
    [13, 0x12345678],
  ]);
  const groupMap = { id: 'test', asn: (address: Uint8Array) => systems.get(address[0] ?? 0) };
  const { book } = world({ groupMap });
  const group = (text: string) => book.group(ip(text));
  expect(group('11.1.1.1')).toBe(group('12.9.1.1'));
  expect(group('11.1.1.1')).toBe(group('2a00:1:2:3:4:5:6:7'));
  expect(group('11.1.1.1')).not.toBe(group('13.1.1.1'));
  expect(group('14.1.1.1')).not.toBe(group('14.2.1.1'));
});

test('AM-02 each list is a group of its own, and all inbound contacts share one group', () => {
  // 64 slots: the share of one group of sources for addresses of one group.
  const crowd = Array.from({ length: 2000 }, (_, i) => node(i, `11.1.${i >> 3}.${i & 7}`));
  const spread = (...from: AddrSource[]): number => {
    const { book } = world({ sourceBurst: 1e6 });
    for (const [i, one] of crowd.entries()) book.add([one], from[i % from.length] as AddrSource);
    return book.size;
  };
  const list = (name: string): AddrSource => ({ kind: 'list', name });
  const inbound = (address: string): AddrSource => ({ kind: 'inbound', ip: ip(address) });
  expect(spread(peer('20.1.1.1'))).toBe(64);
  expect(spread(peer('20.1.1.1'), peer('20.1.2.2'))).toBe(64);
  expect(spread(peer('20.1.1.1'), peer('20.2.1.1'))).toBe(128);
  expect(spread(list('a'), list('b'))).toBe(128);
  expect(spread(inbound('20.1.1.1'), inbound('21.1.1.1'))).toBe(64);
  expect(spread(inbound('20.1.1.1'), peer('20.1.1.1'))).toBe(128);
});

test.each([
  ...['0.1.1.1', '10.1.1.1', '100.64.0.1', '127.0.0.1', '169.254.1.1', '172.16.1.1', '192.0.0.1'],
  ...['192.0.2.1', '192.168.1.1', '198.18.1.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
  ...['255.255.255.255', '192.88.99.1', '0:0:0:0:0:0:0:1', 'fe80:0:0:0:0:0:0:1', '0:0:0:0:0:0:0:0'],
  ...['fd00:0:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:1', '2001:0:1:1:1:1:1:1', '2002:b01:101:0:0:0:0:1'],
  ...['3fff:1:0:0:0:0:0:1', '2620:4f:8000:0:0:0:0:1', '0:0:0:0:0:ffff:a01:101', 'ff02:0:0:0:0:0:0:1'],
])('AM-03 %s is not public', (address) => {
  const { book } = world();
  book.add([node(1, address)], peer('20.1.1.1'));
  expect(book.stats).toMatchObject({ size: 0, refused: { unroutable: 1 } });
});

test.each([
  ...['100.63.1.1', '100.128.1.1', '172.15.1.1', '172.32.1.1', '192.1.1.1', '198.20.1.1'],
  ...['223.255.255.255', '2001:200:0:0:0:0:0:1', '2620:4f:8001:0:0:0:0:1', '3ffe:1:0:0:0:0:0:1'],
])('AM-03 %s is public', (address) => {
  expect(world().book.add([node(1, address)], peer('20.1.1.1'))).toBe(1);
});

test('AM-03 the caller decides which addresses are routable', () => {
  const { book } = world({ isRoutable: (address) => address[0] === 127 });
  expect(book.add([node(1, '127.0.0.1'), node(2, '11.1.1.1')], peer('127.0.0.2'))).toBe(1);
});

test('AM-03 invalid nodes are counted and ignored', () => {
  const { book } = world({ localId: id(9) });
  const good = node(1, '11.1.1.1');
  const broken: AddrNode[] = [
    { ...good, id: new Uint8Array(32) },
    { ...good, address: { ...good.address, ip: new Uint8Array(5) } },
    { ...good, address: { ...good.address, tcp: 0 } },
    { ...good, address: { ...good.address, tcp: 65_536 } },
    { ...good, address: { ...good.address, udp: 1.5 } },
    { ...good, lastSeen: -1 },
    { ...good, lastSeen: Number.NaN },
    { ...good, record: record(-1n, 1) },
    { ...good, record: record(2n ** 64n, 1) },
    { ...good, record: record(1n) },
    { ...good, record: { seq: 1n, bytes: new Uint8Array(301) } },
  ];
  expect(book.add(broken, peer('20.1.1.1'))).toBe(0);
  expect(book.add([node(9, '11.1.1.1')], peer('20.1.1.1'))).toBe(0);
  expect(book.stats.refused).toMatchObject({ malformed: broken.length, self: 1 });
  expect(book.size).toBe(0);
});

test.each<[string, number, number, boolean]>([
  // case, age of the known time, age of the reported time, whether it is taken over
  ['an hour older, seen lately', hour + 1, 0, true],
  ['less than an hour older, seen lately', hour, 0, false],
  ['a day older, seen long ago', 4 * day + 1, 3 * day, true],
  ['less than a day older, seen long ago', 4 * day, 3 * day, false],
  ['younger than the reported time', hour, 2 * hour, false],
])('AM-03 last-seen is refreshed: %s', (_, old, young, refreshed) => {
  const { clock, book } = world();
  const now = clock.now();
  book.add([node(1, '11.1.1.1', { lastSeen: now - old })], peer('20.1.1.1'));
  book.add([node(1, '11.1.1.1', { lastSeen: now - young })], peer('20.1.1.1'));
  expect(book.get(id(1))?.lastSeen).toBe(now - (refreshed ? young : old));
});

test('AM-03 AM-08 a lastSeen time in the future makes no entry terrible', () => {
  const { clock, book } = world();
  const now = clock.now();
  const one = known(book, 1);
  const offsets = [10 * minute + 1, 40 * day, Number.MAX_SAFE_INTEGER - now];
  for (const [i, ahead] of offsets.entries()) {
    book.add([{ ...distinctNode(1), lastSeen: now + ahead }], sources[i] as AddrSource);
    book.add([{ ...distinctNode(2 + i), lastSeen: now + ahead }], sources[i] as AddrSource);
    expect(book.get(id(2 + i))?.lastSeen).toBe(now - 5 * day);
  }
  expect(book.get(one)?.lastSeen).toBe(now);
  expect(book.sample(10, 100)).toHaveLength(4);
});

test('AM-03 a node gets up to eight slots, each with half the probability of the previous one', () => {
  const meanReports = (references: number): number => {
    let sum = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { book } = world({ seed });
      let reports = 0;
      while (book.stats.newSlots < references) {
        // A different source each time, so that the probability decides and hardly ever the bucket.
        book.add([node(1, '11.1.1.1')], peer(`${20 + (reports % 80)}.${Math.floor(reports / 80) % 256}.1.1`));
        reports++;
      }
      sum += reports;
    }
    return sum / 30;
  };
  // On average 1, 1 + 2, 1 + 2 + 4 … reports.
  expect(meanReports(1)).toBe(1);
  expect(meanReports(2)).toBeGreaterThan(2);
  expect(meanReports(2)).toBeLessThan(4.5);
  expect(meanReports(5)).toBeGreaterThan(20);
  expect(meanReports(5)).toBeLessThan(45);
});

test('AM-03 a node never has more than eight slots, and none in addition to a tried one', () => {
  const { book } = world();
  for (let i = 0; i < 5000; i++) {
    book.add([node(1, '11.1.1.1')], peer(`${20 + (i % 80)}.${Math.floor(i / 80)}.1.1`));
  }
  expect(book.stats).toMatchObject({ size: 1, newSlots: 8 });
  book.check();
  expect(book.good(id(1))).toBe(true);
  for (const source of sources) book.add([node(1, '11.1.1.1')], source);
  expect(book.stats).toMatchObject({ size: 1, newSlots: 0, new: 0, tried: 1 });
});

const oneNewSlot = { newBuckets: 1, bucketSize: 1 } as const;

test('AM-03 only a terrible entry loses its only slot', async () => {
  const { clock, book } = world(oneNewSlot);
  expect(book.add([distinctNode(1)], peer('20.1.1.1'))).toBe(1);
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(0);
  expect(book.stats.refused['slot-taken']).toBe(1);
  await clock.advance(30 * day + 1);
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(1);
  expect(book.get(id(1))).toBeUndefined();
  expect(book.size).toBe(1);
  book.check();
});

test('AM-03 an entry with other slots loses one to an entry without any', () => {
  // With two slots in two buckets, one node has both once enough sources have reported it.
  const { book } = world({ newBuckets: 2, bucketSize: 1 });
  for (let i = 0; book.stats.newSlots < 2; i++) book.add([distinctNode(1)], peer(`20.${i}.1.1`));
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(1);
  expect(book.stats).toMatchObject({ size: 2, newSlots: 2 });
  // Now both have one slot: neither yields to a third node or to a second slot of the other.
  for (const source of sources) book.add([distinctNode(1), distinctNode(2), distinctNode(3)], source);
  expect(book.stats).toMatchObject({ size: 2, newSlots: 2 });
  book.check();
});

test('AM-03 a record replaces only an older one', () => {
  const { book } = world();
  const add = (seq: bigint, mark: number) =>
    book.add([node(1, '11.1.1.1', { record: record(seq, mark) })], peer('20.1.1.1'));
  book.add([node(1, '11.1.1.1')], peer('20.1.1.1'));
  expect(book.get(id(1))?.record).toBeUndefined();
  add(0n, 1);
  expect(book.get(id(1))?.record).toEqual(record(0n, 1));
  add(5n, 2);
  add(5n, 3);
  add(4n, 4);
  expect(book.get(id(1))?.record).toEqual(record(5n, 2));
  add(2n ** 64n - 1n, 5);
  expect(book.get(id(1))?.record).toEqual(record(2n ** 64n - 1n, 5));
});

test('AM-03 a record with a wrong signature is refused, and only a newer record is verified', () => {
  const verified: bigint[] = [];
  const { book } = world({
    verifyRecord: (_, { seq, bytes }) => {
      verified.push(seq);
      return bytes[0] === 1;
    },
  });
  const add = (n: number, address: string, one: SignedRecord) =>
    book.add([node(n, address, { record: one })], peer('20.1.1.1'));
  expect(add(1, '11.1.1.1', record(3n, 0))).toBe(0);
  expect(add(1, '11.1.1.1', record(3n, 1))).toBe(1);
  add(1, '12.1.1.1', record(4n, 0));
  add(1, '12.1.1.1', record(2n, 1));
  expect(book.get(id(1))).toMatchObject({ record: record(3n, 1), address: { ip: ip('11.1.1.1') } });
  expect(verified).toEqual([3n, 3n, 4n]);
  expect(book.stats.refused).toMatchObject({ 'invalid-record': 2, 'other-address': 1 });
});

test('AM-03 a signed change of address recomputes the slots and returns a tried node to the new table', () => {
  const { book } = world();
  book.add([node(1, '11.1.1.1', { record: record(1n, 1) })], peer('20.1.1.1'));
  book.attempt(id(1), { countFailure: true });
  expect(book.good(id(1))).toBe(true);
  book.add([node(1, '12.1.1.1', { record: record(2n, 2) })], peer('21.1.1.1'));
  expect(book.get(id(1))).toMatchObject({
    address: { ip: ip('12.1.1.1') },
    record: record(2n, 2),
    tried: false,
    lastTry: 0,
    lastSuccess: 0,
    attempts: 0,
  });
  expect(book.stats).toMatchObject({ size: 1, tried: 0, newSlots: 1 });
  book.check();
  // Its old slot is free.
  expect(book.add([node(2, '11.1.1.1')], peer('20.1.1.1'))).toBe(1);
  expect(book.good(id(2))).toBe(true);
  book.check();
});

test('AM-03 a new UDP port does not change the slot', () => {
  const { book } = world();
  const one = node(1, '11.1.1.1', { record: record(1n, 1) });
  book.add([one], peer('20.1.1.1'));
  book.good(id(1));
  const moved = { ...one, address: { ...one.address, udp: 9000 }, record: record(2n, 2) };
  book.add([moved], peer('20.1.1.1'));
  expect(book.get(id(1))).toMatchObject({ tried: true, address: { udp: 9000 } });
});

test('AM-03 a signed change of address without room changes nothing and can succeed later', async () => {
  const { clock, book } = world({ maxPerIp: 1 });
  book.add([node(1, '11.1.1.1', { record: record(1n, 1) }), node(2, '12.1.1.1')], peer('20.1.1.1'));
  const move = () => book.add([node(1, '12.1.1.1', { record: record(2n, 2) })], peer('21.1.1.1'));
  move();
  expect(book.get(id(1))).toMatchObject({ record: record(1n, 1), address: { ip: ip('11.1.1.1') } });
  expect(book.stats.refused['network-full']).toBe(1);
  await clock.advance(30 * day + 1);
  move();
  expect(book.get(id(1))).toMatchObject({ record: record(2n, 2), address: { ip: ip('12.1.1.1') } });
  expect(book.get(id(2))).toBeUndefined();
  book.check();
});

test('AM-03 a source that reports a wrong address first cannot block the id for long', async () => {
  const { clock, book } = world();
  book.add([node(1, '66.6.6.6')], peer('66.6.1.1'));
  const report = () => book.add([node(1, '11.1.1.1')], peer('20.1.1.1'));
  const address = () => book.get(id(1))?.address.ip;
  report();
  expect(address()).toEqual(ip('66.6.6.6'));
  for (let i = 0; i < 3; i++) {
    book.attempt(id(1), { countFailure: true });
    await clock.advance(2 * minute);
    book.good(known(book, 100 + i));
    await clock.advance(1);
  }
  report();
  expect(address()).toEqual(ip('11.1.1.1'));
  // Once the node was reached there or has signed the address, an unsigned report does not move it.
  book.good(id(1));
  book.add([node(1, '66.6.6.6')], peer('66.6.1.1'));
  expect(address()).toEqual(ip('11.1.1.1'));
  book.check();
});

import { expect, test } from 'vitest';
import type { AddrNode, AddrSource, SignedRecord } from '../src/index.ts';
import { DAY, distinctNode, HOUR, id, ip, known, MINUTE, node, peer, world } from './world.ts';

const record = (seq: bigint, ...bytes: number[]): SignedRecord => ({
  seq,
  bytes: Uint8Array.from(bytes),
});

/** Sources that are a group each. */
const sources = Array.from({ length: 60 }, (_, i) => peer(`${20 + i}.1.1.1`));

test('AM-02 an id has one entry, whatever is said of it', () => {
  const { book } = world();
  expect(book.add([node(1, '11.1.1.1'), node(1, '12.1.1.1')], peer('20.1.1.1'))).toBe(1);
  expect(book.add([node(1, '13.1.1.1')], peer('21.1.1.1'))).toBe(0);
  expect(book.get(id(1))?.address.ip).toEqual(ip('11.1.1.1'));
  expect(book.stats).toMatchObject({ size: 1, refused: { 'other-address': 2 } });
});

test('AM-02 the slot is that of address and port, so ids buy nothing', () => {
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

test('AM-02 a group map goes before the first bits', () => {
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

test('AM-02 each list is a group of its own, and inbound contacts are one together', () => {
  // 64 slots of one bucket: as many as a group of sources has for addresses of one group.
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
  ...[
    '3fff:1:0:0:0:0:0:1',
    '2620:4f:8000:0:0:0:0:1',
    '0:0:0:0:0:ffff:a01:101',
    'ff02:0:0:0:0:0:0:1',
  ],
])('AM-03 %s is not on the internet', (address) => {
  const { book } = world();
  book.add([node(1, address)], peer('20.1.1.1'));
  expect(book.stats).toMatchObject({ size: 0, refused: { unroutable: 1 } });
});

test.each([
  ...['100.63.1.1', '100.128.1.1', '172.15.1.1', '172.32.1.1', '192.1.1.1', '198.20.1.1'],
  ...['223.255.255.255', '2001:200:0:0:0:0:0:1', '2620:4f:8001:0:0:0:0:1', '3ffe:1:0:0:0:0:0:1'],
])('AM-03 %s is on the internet', (address) => {
  expect(world().book.add([node(1, address)], peer('20.1.1.1'))).toBe(1);
});

test('AM-03 who may be let in can be told from outside', () => {
  const { book } = world({ isRoutable: (address) => address[0] === 127 });
  expect(book.add([node(1, '127.0.0.1'), node(2, '11.1.1.1')], peer('127.0.0.2'))).toBe(1);
});

test('AM-03 what cannot be a node is counted, and that is all', () => {
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
  // what happened, age of what is known, age of what is told, whether that counts
  ['an hour older, seen lately', HOUR + 1, 0, true],
  ['less than an hour older, seen lately', HOUR, 0, false],
  ['a day older, seen long ago', 4 * DAY + 1, 3 * DAY, true],
  ['less than a day older, seen long ago', 4 * DAY, 3 * DAY, false],
  ['younger than what is told', HOUR, 2 * HOUR, false],
])('AM-03 last-seen is refreshed: %s', (_, old, young, refreshed) => {
  const { clock, book } = world();
  const now = clock.now();
  book.add([node(1, '11.1.1.1', { lastSeen: now - old })], peer('20.1.1.1'));
  book.add([node(1, '11.1.1.1', { lastSeen: now - young })], peer('20.1.1.1'));
  expect(book.get(id(1))?.lastSeen).toBe(now - (refreshed ? young : old));
});

test('AM-03 AM-08 what a source says of the future makes nobody terrible', () => {
  const { clock, book } = world();
  const now = clock.now();
  const one = known(book, 1);
  const lies = [10 * MINUTE + 1, 40 * DAY, Number.MAX_SAFE_INTEGER - now];
  for (const [i, ahead] of lies.entries()) {
    book.add([{ ...distinctNode(1), lastSeen: now + ahead }], sources[i] as AddrSource);
    book.add([{ ...distinctNode(2 + i), lastSeen: now + ahead }], sources[i] as AddrSource);
    expect(book.get(id(2 + i))?.lastSeen).toBe(now - 5 * DAY);
  }
  expect(book.get(one)?.lastSeen).toBe(now);
  expect(book.sample(10, 100)).toHaveLength(4);
});

test('AM-03 a node gets up to eight slots, each with half the probability of the one before', () => {
  const tellings = (references: number): number => {
    let sum = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { book } = world({ seed });
      let told = 0;
      while (book.stats.newSlots < references) {
        // Another source each time, so that it is the coin that decides, and hardly ever the bucket.
        book.add(
          [node(1, '11.1.1.1')],
          peer(`${20 + (told % 80)}.${Math.floor(told / 80) % 256}.1.1`),
        );
        told++;
      }
      sum += told;
    }
    return sum / 30;
  };
  // On average 1, 1 + 2, 1 + 2 + 4 … tellings.
  expect(tellings(1)).toBe(1);
  expect(tellings(2)).toBeGreaterThan(2);
  expect(tellings(2)).toBeLessThan(4.5);
  expect(tellings(5)).toBeGreaterThan(20);
  expect(tellings(5)).toBeLessThan(45);
});

test('AM-03 a node never has more than eight slots, and none beside a tried one', () => {
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

const ONE_NEW_SLOT = { newBuckets: 1, bucketSize: 1 } as const;

test('AM-03 a slot is taken from a terrible entry, and from no other', async () => {
  const { clock, book } = world(ONE_NEW_SLOT);
  expect(book.add([distinctNode(1)], peer('20.1.1.1'))).toBe(1);
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(0);
  expect(book.stats.refused['slot-taken']).toBe(1);
  await clock.advance(30 * DAY + 1);
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(1);
  expect(book.get(id(1))).toBeUndefined();
  expect(book.size).toBe(1);
  book.check();
});

test('AM-03 a slot is taken from an entry that has others, by one that has none', () => {
  // With two slots in two buckets, one node has both once it has been heard from enough sources.
  const { book } = world({ newBuckets: 2, bucketSize: 1 });
  for (let i = 0; book.stats.newSlots < 2; i++) book.add([distinctNode(1)], peer(`20.${i}.1.1`));
  expect(book.add([distinctNode(2)], peer('20.1.1.1'))).toBe(1);
  expect(book.stats).toMatchObject({ size: 2, newSlots: 2 });
  // Now either has one: nobody yields, neither to a third nor to the other's second.
  for (const source of sources)
    book.add([distinctNode(1), distinctNode(2), distinctNode(3)], source);
  expect(book.stats).toMatchObject({ size: 2, newSlots: 2 });
  book.check();
});

test('AM-03 a record replaces an older one only', () => {
  const { book } = world();
  const told = (seq: bigint, mark: number) =>
    book.add([node(1, '11.1.1.1', { record: record(seq, mark) })], peer('20.1.1.1'));
  book.add([node(1, '11.1.1.1')], peer('20.1.1.1'));
  expect(book.get(id(1))?.record).toBeUndefined();
  told(0n, 1);
  expect(book.get(id(1))?.record).toEqual(record(0n, 1));
  told(5n, 2);
  told(5n, 3);
  told(4n, 4);
  expect(book.get(id(1))?.record).toEqual(record(5n, 2));
  told(2n ** 64n - 1n, 5);
  expect(book.get(id(1))?.record).toEqual(record(2n ** 64n - 1n, 5));
});

test('AM-03 a record with a wrong signature is refused, and is asked about only if it is news', () => {
  const asked: bigint[] = [];
  const { book } = world({
    verifyRecord: (_, { seq, bytes }) => {
      asked.push(seq);
      return bytes[0] === 1;
    },
  });
  const told = (n: number, address: string, one: SignedRecord) =>
    book.add([node(n, address, { record: one })], peer('20.1.1.1'));
  expect(told(1, '11.1.1.1', record(3n, 0))).toBe(0);
  expect(told(1, '11.1.1.1', record(3n, 1))).toBe(1);
  told(1, '12.1.1.1', record(4n, 0));
  told(1, '12.1.1.1', record(2n, 1));
  expect(book.get(id(1))).toMatchObject({ record: record(3n, 1), address: { ip: ip('11.1.1.1') } });
  expect(asked).toEqual([3n, 3n, 4n]);
  expect(book.stats.refused).toMatchObject({ 'invalid-record': 2, 'other-address': 1 });
});

test('AM-03 a signed move recomputes the slots and makes a tried node new', () => {
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
  // Its old place is free.
  expect(book.add([node(2, '11.1.1.1')], peer('20.1.1.1'))).toBe(1);
  expect(book.good(id(2))).toBe(true);
  book.check();
});

test('AM-03 a new UDP port is no move', () => {
  const { book } = world();
  const one = node(1, '11.1.1.1', { record: record(1n, 1) });
  book.add([one], peer('20.1.1.1'));
  book.good(id(1));
  const moved = { ...one, address: { ...one.address, udp: 9000 }, record: record(2n, 2) };
  book.add([moved], peer('20.1.1.1'));
  expect(book.get(id(1))).toMatchObject({ tried: true, address: { udp: 9000 } });
});

test('AM-03 a signed move without room changes nothing, and can be made later', async () => {
  const { clock, book } = world({ maxPerIp: 1 });
  book.add([node(1, '11.1.1.1', { record: record(1n, 1) }), node(2, '12.1.1.1')], peer('20.1.1.1'));
  const move = () => book.add([node(1, '12.1.1.1', { record: record(2n, 2) })], peer('21.1.1.1'));
  move();
  expect(book.get(id(1))).toMatchObject({ record: record(1n, 1), address: { ip: ip('11.1.1.1') } });
  expect(book.stats.refused['network-full']).toBe(1);
  await clock.advance(30 * DAY + 1);
  move();
  expect(book.get(id(1))).toMatchObject({ record: record(2n, 2), address: { ip: ip('12.1.1.1') } });
  expect(book.get(id(2))).toBeUndefined();
  book.check();
});

test('AM-03 whoever names an id first cannot keep it from its owner for long', async () => {
  const { clock, book } = world();
  book.add([node(1, '66.6.6.6')], peer('66.6.1.1'));
  const tell = () => book.add([node(1, '11.1.1.1')], peer('20.1.1.1'));
  const address = () => book.get(id(1))?.address.ip;
  tell();
  expect(address()).toEqual(ip('66.6.6.6'));
  for (let i = 0; i < 3; i++) {
    book.attempt(id(1), { countFailure: true });
    await clock.advance(2 * MINUTE);
    book.good(known(book, 100 + i));
    await clock.advance(1);
  }
  tell();
  expect(address()).toEqual(ip('11.1.1.1'));
  // Once it has been reached there, or has signed where it is, words do not move it.
  book.good(id(1));
  book.add([node(1, '66.6.6.6')], peer('66.6.1.1'));
  expect(address()).toEqual(ip('11.1.1.1'));
  book.check();
});

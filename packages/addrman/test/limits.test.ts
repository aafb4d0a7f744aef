import { expect, test } from 'vitest';
import type { AddrSource } from '../src/index.ts';
import { day, distinctNode, hour, id, ip, minute, node, peer, world } from './world.ts';

/** 10,000 ids in 77.1.1.0/24, on any port, from any source. */
const swarm = Array.from({ length: 10_000 }, (_, n) => ({
  ...node(n, `77.1.1.${n % 256}`),
  address: { ip: ip(`77.1.1.${n % 256}`), tcp: 1024 + n, udp: 0 },
}));

test('HX-09 of 10,000 ids from one /24, ten get into the address manager', () => {
  const { book } = world();
  for (const [n, one] of swarm.entries()) book.add([one], peer(`${20 + (n % 80)}.${n % 199}.1.1`));
  expect(book.size).toBe(10);
  for (const { id: one } of swarm) book.good(one);
  for (const [n, one] of swarm.slice(5000).entries()) book.add([one], peer(`${20 + (n % 80)}.2.1.1`));
  expect(book.size).toBe(10);
  book.check();
});

test('AM-13 an IP address has four entries, an IPv6 /64 ten', () => {
  const { book } = world();
  const add = (n: number, address: Uint8Array) =>
    book.add([{ id: id(n), address: { ip: address, tcp: 1000 + n, udp: 0 } }], peer(`${20 + n}.1.1.1`));
  let size = 0;
  for (let n = 0; n < 20; n++) size += add(n, ip('77.1.1.1'));
  expect(size).toBe(4);
  for (let n = 20; n < 60; n++) size += add(n, ip(`2a00:1:1:1:${n.toString(16)}:1:1:1`));
  expect(size).toBe(14);
  for (let n = 60; n < 70; n++) size += add(n, ip(`2a00:1:1:${n.toString(16)}:1:1:1:1`));
  expect(size).toBe(24);
  expect(book.stats.refused['network-full']).toBe(46);
  book.check();
});

test('AM-13 a terrible entry of a full network is replaced, an entry in use is not', async () => {
  const { clock, book } = world({ maxPerNetwork: 2 });
  const host = (n: number) => node(n, `77.1.1.${n}`);
  const from = (n: number) => peer(`${20 + n}.1.1.1`);
  expect(book.add([host(1), host(2)], from(1))).toBe(2);
  expect(book.add([host(3)], from(2))).toBe(0);
  await clock.advance(29 * day);
  book.connected(id(2));
  await clock.advance(2 * day);
  expect(book.add([host(3)], from(2))).toBe(1);
  expect([1, 2, 3].map((n) => book.get(id(n)) !== undefined)).toEqual([false, true, true]);
  expect(book.add([host(4)], from(3))).toBe(0);
  book.check();
});

test('AM-13 the limits hold for new and for moved entries', async () => {
  const { clock, book } = world({ maxPerNetwork: 1 });
  const record = (seq: bigint) => ({ seq, bytes: Uint8Array.of(1) });
  book.add([node(1, '77.1.1.1'), node(2, '78.1.1.1', { record: record(1n) })], peer('20.1.1.1'));
  book.add([node(2, '77.1.1.2', { record: record(2n) })], peer('21.1.1.1'));
  expect(book.get(id(2))?.address.ip).toEqual(ip('78.1.1.1'));
  // It may move within its own network.
  book.add([node(2, '78.1.1.9', { record: record(2n) })], peer('21.1.1.1'));
  expect(book.get(id(2))?.address.ip).toEqual(ip('78.1.1.9'));
  await clock.advance(1);
  book.check();
});

test('AM-13 addresses that are not public are not counted', () => {
  const { book } = world({ isRoutable: () => true });
  const crowd = Array.from({ length: 60 }, (_, n) => ({
    id: id(n),
    address: { ip: ip('127.0.0.1'), tcp: 30_000 + n, udp: 0 },
  }));
  for (const [n, one] of crowd.entries()) book.add([one], peer(`127.${n}.0.1`));
  expect(book.size).toBeGreaterThan(50);
  book.check();
});

const crowd = Array.from({ length: 3000 }, (_, n) => distinctNode(n));

test('AM-13 a source may report 1,000 nodes at once and one every ten seconds', async () => {
  const { clock, book } = world();
  const source = peer('20.1.1.1');
  const limited = () => book.stats.refused['rate-limited'];
  book.add(crowd, source);
  expect(limited()).toBe(2000);
  book.add(crowd.slice(0, 5), source);
  expect(limited()).toBe(2005);
  await clock.advance(10_000);
  book.add(crowd.slice(0, 5), source);
  expect(limited()).toBe(2009);
  await clock.advance(hour);
  book.add(crowd.slice(0, 1000), source);
  expect(limited()).toBe(2009 + 640);
  await clock.advance(100 * day);
  book.add(crowd, source);
  expect(limited()).toBe(2649 + 2000);
  // The wall clock has no effect.
  clock.jump(day);
  book.add(crowd.slice(0, 5), source);
  expect(limited()).toBe(4654);
});

test.each<[string, AddrSource, AddrSource, boolean]>([
  ['one IPv4 address', peer('20.1.1.1'), peer('20.1.1.1'), true],
  ['the adjacent IPv4 address', peer('20.1.1.1'), peer('20.1.1.2'), false],
  ['an IPv6 /64', peer('2a00:1:1:1:1:1:1:1'), peer('2a00:1:1:1:2:2:2:2'), true],
  ['the adjacent IPv6 /64', peer('2a00:1:1:1:1:1:1:1'), peer('2a00:1:1:2:1:1:1:1'), false],
  ['a list', { kind: 'list', name: 'a' }, { kind: 'list', name: 'a' }, true],
  ['another list', { kind: 'list', name: 'a' }, { kind: 'list', name: 'b' }, false],
  ['a peer and its inbound contact', peer('20.1.1.1'), { kind: 'inbound', ip: ip('20.1.1.1') }, true],
])('AM-13 %s: shared tokens %s', (_, a, b, same) => {
  const { book } = world();
  book.add(crowd.slice(0, 1000), a);
  book.add(crowd.slice(0, 1), b);
  expect(book.stats.refused['rate-limited']).toBe(same ? 1 : 0);
});

test('AM-13 many sources use bounded memory and do not reset an old source soon', async () => {
  const { clock, book } = world();
  const source = peer('20.1.1.1');
  book.add(crowd.slice(0, 1000), source);
  const one = crowd.slice(0, 1);
  for (let n = 0; n < 4000; n++) book.add(one, peer(`30.${n >> 8}.${n & 255}.1`));
  book.add(one, source);
  expect(book.stats.refused['rate-limited']).toBe(1);
  await clock.advance(minute);
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 30_000; n++) book.add([], peer(`31.${n >> 8}.${n & 255}.1`));
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000);
});

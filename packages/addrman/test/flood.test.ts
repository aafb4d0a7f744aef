import { expect, test } from 'vitest';
import type { AddrNode, AddrSource } from '../src/index.ts';
import { hour, id, ip, minute, node, peer, populate, world } from './world.ts';

const failed = { countFailure: true };

/** Public nodes, each in a /24 of its own, in up to 20,000 /16s. */
const anywhere = (n: number): AddrNode =>
  node(1_000_000 + n, `${90 + (n % 30)}.${Math.floor(n / 30) % 256}.${Math.floor(n / 7680) % 256}.9`);

test.each<[string, AddrSource[]]>([
  ['a /16 of peers', Array.from({ length: 200 }, (_, n) => peer(`20.1.${n}.1`))],
  ['an IPv6 /32 of peers', Array.from({ length: 200 }, (_, n) => peer(`2a00:1:${n}:1:1:1:1:1`))],
  ['a list', [{ kind: 'list', name: 'dns' }]],
  ['inbound contacts', Array.from({ length: 200 }, (_, n) => inbound(`${20 + (n % 80)}.${n}.1.1`))],
])('AM-14 %s fill no more than 64 new buckets with any number of nodes', (_, sources) => {
  // Buckets of one slot, so that used slots are used buckets.
  const { book } = world({ bucketSize: 1, sourceBurst: 1e6 });
  for (let n = 0; n < 3000; n++) book.add([anywhere(n)], sources[n % sources.length] as AddrSource);
  expect(book.stats.newSlots).toBeGreaterThan(55);
  expect(book.stats.newSlots).toBeLessThanOrEqual(64);
  book.check();
});

test('AM-14 with the default bucket size the limit is 4,096 nodes', () => {
  const { book } = world({ sourceBurst: 1e6 });
  for (let n = 0; n < 9000; n++) book.add([anywhere(n)], peer(`20.1.${n % 250}.1`));
  expect(book.size).toBeGreaterThan(3000);
  expect(book.size).toBeLessThanOrEqual(4096);
  // The 960 buckets of other sources are unaffected.
  const before = book.size;
  expect(populate(book, 2000).length).toBe(2000);
  expect(book.size).toBe(before + 2000);
});

test('AM-14 one group of addresses has no more than 8 tried buckets', () => {
  const { book } = world({ bucketSize: 1, newBuckets: 4096, sourceBurst: 1e6 });
  for (let n = 0; n < 2500; n++) {
    const one = node(n, `77.1.${n % 250}.${1 + Math.floor(n / 250)}`);
    book.add([one], peer(`${20 + (n % 60)}.${n % 256}.1.1`));
    book.good(one.id);
  }
  expect(book.stats.tried).toBeLessThanOrEqual(8);
  expect(book.stats.tried).toBeGreaterThan(4);
  expect(book.size).toBeGreaterThan(1000);
  book.check();
});

test('AM-14 a flood of successes evicts no tried node that responds while feelers run', async () => {
  const { clock, book } = world({ triedBuckets: 4, bucketSize: 16, sourceBurst: 1e6 });
  const honest = populate(book, 400).filter((one) => book.good(one));
  expect(honest.length).toBeGreaterThan(50);
  book.resolveCollisions();
  const online = new Set(honest.filter((_, i) => i % 4 !== 0).map((one) => one.join()));
  // All were seen long ago, so that only a test distinguishes nodes that are online.
  await clock.advance(24 * hour);
  let waiting = 0;
  for (let round = 0; round < 400; round++) {
    for (let n = 0; n < 20; n++) {
      const attacker = anywhere(round * 20 + n);
      book.add([attacker], peer(`${20 + (n % 60)}.${round % 256}.1.1`));
      book.attempt(attacker.id, failed);
      book.good(attacker.id);
    }
    waiting = Math.max(waiting, book.stats.collisions);
    const holder = book.selectCollision();
    if (holder) {
      book.attempt(holder.id, failed);
      if (online.has(holder.id.join()) || !honest.some((one) => one.join() === holder.id.join())) {
        book.good(holder.id);
      }
    }
    await clock.advance(2 * minute);
    book.resolveCollisions();
  }
  expect(waiting).toBe(10);
  book.check();
  const remaining = honest.filter((one) => book.get(one)?.tried);
  expect(remaining.filter((one) => online.has(one.join())).length).toBe(online.size);
  // Most of the nodes that are offline are evicted.
  expect(remaining.length - online.size).toBeLessThan((honest.length - online.size) / 2);
});

test('AM-14 a flood of the new table evicts only its own entries', () => {
  const { book } = world({ sourceBurst: 1e6 });
  const honest = populate(book, 3000);
  for (let n = 0; n < 8000; n++) book.add([anywhere(n)], peer(`66.1.${n % 250}.1`));
  expect(honest.every((one) => book.get(one) !== undefined)).toBe(true);
});

test('AM-15 80,000 entries would take less than 64 MB', async () => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  // The tables are allocated at the start.
  const { book } = world({ sourceBurst: 1e6 });
  const before = heap();
  for (let n = 0; n < 8000; n++) {
    const one = anywhere(n);
    const record = { seq: 1n, bytes: new Uint8Array(170).fill(n) };
    book.add([{ ...one, record }], peer(`${20 + (n % 60)}.${n % 256}.1.1`));
    if (n % 4 === 0) book.good(one.id);
  }
  const { size } = book;
  expect(size).toBeGreaterThan(6000);
  const each = (heap() - before) / size;
  expect(each * 80_000).toBeLessThan(64e6);
  expect(book.get(id(1))).toBeUndefined();
});

function inbound(address: string): AddrSource {
  return { kind: 'inbound', ip: ip(address) };
}

import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { networkGroup } from '../src/policy/group.ts';
import { binary } from '../src/snapshot/binary.ts';
import { Buckets } from '../src/table/bucket.ts';
import vectors from './vectors/addrman.json' with { type: 'json' };
import { ip } from './world.ts';

const layout = { newBuckets: 1024, triedBuckets: 256, bucketSize: 64 };
const buckets = new Buckets(sha256(sha256(Uint8Array.of(1, 0, 0, 0))), layout);
const address = (text: string): string => binary(ip(text));
const group = (text: string): string => networkGroup(address(text));
const triedBucket = (text: string, port: number, by = buckets): number =>
  by.triedBucket(group(text), address(text), port);

test.each(vectors.tried_bucket)('AM-01 $ip:$port has tried bucket $bucket', (vector) => {
  expect(triedBucket(vector.ip, vector.port)).toBe(vector.bucket);
});

test.each(vectors.new_bucket)('AM-01 $ip from $source has new bucket $bucket', (vector) => {
  expect(buckets.newBucket(group(vector.ip), group(vector.source))).toBe(vector.bucket);
});

test('AM-01 a group has 8 tried buckets, and different groups have different buckets', () => {
  const spread = vectors.distinct_tried_buckets;
  const numbers = Array.from({ length: 255 }, (_, j) => j);
  const hosts = new Set(numbers.map((j) => triedBucket(`250.1.1.${j}`, 0)));
  expect(hosts.size).toBe(spread['255 hosts 250.1.1.j port 0 (one /16)']);
  const networks = new Set(numbers.map((j) => triedBucket(`250.${j}.1.1`, 0)));
  expect(networks.size).toBe(spread['255 networks 250.j.1.1 port 0']);
});

test('AM-01 positions collide as in the vectors', () => {
  const facts = vectors.key_01_then_31_zero_bytes;
  const other = new Buckets(Uint8Array.of(1, ...new Uint8Array(31)), layout);
  const triedSlot = (i: number): number => {
    const host = `250.1.1.${i}`;
    return other.triedSlot(triedBucket(host, 0, other), address(host), 0);
  };
  expect(firstCollisions(triedSlot, 70).slice(0, 2)).toEqual(
    facts['tried position collisions among 250.1.1.i port 0, i from 1'],
  );
  const newSlot = (i: number): number => {
    const host = `250.1.1.${i}`;
    const bucket = other.newBucket(group(host), group('252.2.2.2'));
    return other.newSlot(bucket, address(host), 0);
  };
  expect(firstCollisions(newSlot, 70)[0]).toEqual(facts['first new collision among 250.1.1.i with source 252.2.2.2']);
});

/** Pairs of a number and the earlier number that holds the same slot. */
function firstCollisions(slotOf: (i: number) => number, count: number): [number, number][] {
  const holders = new Map<number, number>();
  const collisions: [number, number][] = [];
  for (let i = 1; i <= count; i++) {
    const slot = slotOf(i);
    const holder = holders.get(slot);
    if (holder === undefined) holders.set(slot, i);
    else collisions.push([i, holder]);
  }
  return collisions;
}

test('AM-01 bucket counts that are not powers of two reach every bucket', () => {
  const odd = new Buckets(new Uint8Array(32), { newBuckets: 7, triedBuckets: 5, bucketSize: 3 });
  const seen = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const host = address(`20.${i % 256}.1.${i >> 8}`);
    const bucket = odd.newBucket(networkGroup(host), group('21.1.1.1'));
    expect(bucket).toBeLessThan(7);
    seen.add(odd.newSlot(bucket, host, 30303));
  }
  expect(seen.size).toBe(21);
});

import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { UsefulPeers } from '../src/gossip/transactions/usefulness.ts';
import { hashOf, range } from './fetcher-world.ts';

const hashes = (numbers: readonly number[]): Uint8Array[] => numbers.map(hashOf);

function createWorld() {
  const clock = createVirtualClock();
  const useful = new UsefulPeers<string>(clock);
  for (const peer of ['a', 'b', 'c']) useful.add(peer);
  const at = (seconds: number): number => Math.floor(clock.now() / 1000) + seconds;
  const block = (number: number, numbers: readonly number[], timestamp = at(12)): void =>
    useful.included({ number, timestamp, transactions: hashes(numbers) });
  return { useful, block, at };
}

describe('usefulness of peers', () => {
  test('TP-33 inclusion: a moving average of 0.05 for each block', () => {
    const { useful, block } = createWorld();
    useful.delivered('a', hashes([1, 2, 3]));
    block(1, [1, 2, 9]);
    expect(useful.of('a')?.included).toBeCloseTo(0.1);
    block(2, [3]);
    expect(useful.of('a')?.included).toBeCloseTo(0.095 + 0.05);
    block(3, []);
    expect(useful.of('a')?.included).toBeCloseTo(0.145 * 0.95);
    expect(useful.of('b')).toEqual({ included: 0, finalized: 0 });
  });

  test('TP-33 finality: a moving average of 0.0001 for each block', () => {
    const { useful, block } = createWorld();
    useful.delivered('a', hashes(range(0, 100)));
    block(1, range(0, 60));
    block(2, range(60, 100));
    useful.finalized(1);
    expect(useful.of('a')?.finalized).toBeCloseTo(0.006, 6);
    useful.finalized(1);
    useful.finalized(2);
    expect(useful.of('a')?.finalized).toBeCloseTo(0.01, 5);
    useful.finalized(3002);
    expect(useful.of('a')?.finalized).toBeCloseTo(0.01 * 0.9999 ** 3000, 5);
  });

  test('TP-33 the first deliverer counts, and only a delivery before the block', () => {
    const { useful, block, at } = createWorld();
    useful.delivered('a', hashes([1]));
    useful.delivered('b', hashes([1, 2]));
    block(1, [1]);
    expect(useful.of('a')?.included).toBeCloseTo(0.05);
    expect(useful.of('b')?.included).toBe(0);
    block(2, [2], at(0));
    expect(useful.of('b')?.included).toBe(0);
  });

  test('TP-33 blocks that a reorganization replaces are not credited at finality', () => {
    const { useful, block } = createWorld();
    useful.delivered('a', hashes([1]));
    useful.delivered('b', hashes([2]));
    block(1, []);
    block(2, [1]);
    block(3, [2]);
    block(2, [2]);
    useful.finalized(3);
    expect(useful.of('a')?.finalized).toBe(0);
    expect(useful.of('b')?.finalized).toBeCloseTo(0.0001, 8);
  });

  test('TP-33 262,144 deliveries are remembered', () => {
    const { useful, block } = createWorld();
    useful.delivered('a', hashes(range(0, 262_144)));
    useful.delivered('b', hashes([500_000]));
    expect(useful.size).toBe(262_144);
    block(1, [0]);
    expect(useful.of('a')?.included).toBe(0);
    block(2, [1, 500_000]);
    expect(useful.of('a')?.included).toBeCloseTo(0.05);
    expect(useful.of('b')?.included).toBeCloseTo(0.05);
  });

  test('TP-33 a peer that has left is not credited, nor is one that comes again', () => {
    const { useful, block } = createWorld();
    useful.delivered('a', hashes([1]));
    useful.remove('a');
    block(1, [1]);
    expect(useful.of('a')).toBeUndefined();
    useful.add('a');
    expect(useful.of('a')).toEqual({ included: 0, finalized: 0 });
  });

  test('TP-33 the most useful are a tenth by each of the two averages', () => {
    const { useful, block } = createWorld();
    const peers = range(0, 20).map((i) => `p${i}`);
    for (const peer of peers) useful.add(peer);
    // The transactions of p0 … p4 become final, those of p5 … p9 are included later.
    for (const i of range(0, 10)) useful.delivered(`p${i}`, hashes(range(100 * i, 100 * i + i + 1)));
    block(1, range(0, 500));
    useful.finalized(1);
    for (const number of range(2, 60)) block(number, []);
    block(60, range(500, 1000));
    expect([...useful.mostUseful(peers)].toSorted()).toEqual(['p3', 'p4', 'p8', 'p9']);
    expect([...useful.mostUseful(['p0', 'p1', 'a'])]).toEqual(['p1']);
    expect(useful.mostUseful(['a', 'b'])).toEqual(new Set());
  });
});

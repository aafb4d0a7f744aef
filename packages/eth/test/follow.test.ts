import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import {
  EthError,
  type EthPeer,
  type FollowedHead,
  type FollowOptions,
  follow,
  type SealedHeader,
} from '../src/index.ts';
import { branch } from './gossip-world.ts';
import { type MemoryBlock, MemoryChain } from './memory-chain.ts';
import { connect } from './peers.ts';

/** Some nodes, and a program that follows them. */
class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly nodes: MemoryChain[] = [];
  readonly peers: EthPeer[] = [];
  readonly heads: (readonly [number: number, removed: number[]])[] = [];
  readonly followed: SealedHeader[] = [];
  error: unknown;

  async add(length: number): Promise<MemoryChain> {
    const chain = new MemoryChain(length);
    const own = new MemoryChain(1);
    const { left } = await connect({ chain: own, clock: this.clock }, { chain, clock: this.clock });
    this.nodes.push(chain);
    this.peers.push(left.eth);
    return chain;
  }

  follow(options: FollowOptions = {}): void {
    const run = async (): Promise<void> => {
      for await (const head of follow(this.peers, { clock: this.clock, ...options })) this.#take(head);
    };
    run().catch((error: unknown) => {
      this.error = error;
    });
  }

  #take({ header, removed }: FollowedHead): void {
    this.heads.push([header.number, removed.map(({ number }) => number)]);
    for (const gone of removed) expect(this.followed.pop()?.hash).toEqual(gone.hash);
    const last = this.followed.at(-1);
    if (last !== undefined) expect(header.parentHash).toEqual(last.hash);
    this.followed.push(header);
  }

  /** Replaces the blocks from a number on with others, on all nodes or some. */
  replace(from: number, blocks: readonly MemoryBlock[], nodes: readonly MemoryChain[] = this.nodes): void {
    for (const node of nodes) {
      node.move((all) => {
        all.length = from;
        all.push(...blocks);
      });
    }
  }
}

const numbers = (world: World): number[] => world.heads.map(([number]) => number);
const extend = (chain: MemoryChain, count: number, fork = 0): MemoryBlock[] =>
  branch(chain.blocks.at(-1) as MemoryBlock, count, fork);

describe('following the head by the headers of peers', () => {
  test('ET-06 the head, then each new block', async () => {
    const world = new World();
    const chain = await world.add(50);
    world.follow();
    await world.clock.advance(0);
    expect(numbers(world)).toEqual([49]);
    world.replace(50, extend(chain, 3));
    await world.clock.advance(4000);
    expect(world.heads.slice(1)).toEqual([
      [50, []],
      [51, []],
      [52, []],
    ]);
    await world.clock.advance(60_000);
    expect(world.heads).toHaveLength(4);
  });

  test('ET-06 from a block on, all of them', async () => {
    const world = new World();
    await world.add(700);
    world.follow({ from: 10 });
    await world.clock.advance(10_000);
    expect(numbers(world)).toEqual(Array.from({ length: 690 }, (_, i) => i + 10));
  });

  test.each([1, 10, 100])('ET-06 a reorganization of %i blocks', async (depth) => {
    const world = new World();
    const chain = await world.add(300);
    world.follow({ from: 150 });
    await world.clock.advance(10_000);
    const parent = chain.blocks[299 - depth] as MemoryBlock;
    world.replace(300 - depth, branch(parent, depth + 1, 7));
    world.heads.length = 0;
    await world.clock.advance(4000);
    const removed = Array.from({ length: depth }, (_, i) => 299 - i);
    expect(world.heads[0]).toEqual([300 - depth, removed]);
    expect(numbers(world).at(-1)).toBe(300);
    expect(world.heads).toHaveLength(depth + 1);
  });

  test('ET-06 one of three peers on another branch is not followed, two are', async () => {
    const world = new World();
    const [first, second] = [await world.add(50), await world.add(50)];
    await world.add(50);
    world.follow();
    await world.clock.advance(0);
    const other = extend(first, 5, 9);
    world.replace(50, other, [first]);
    await world.clock.advance(10_000);
    expect(numbers(world)).toEqual([49]);
    world.replace(50, other, [second]);
    await world.clock.advance(10_000);
    expect(numbers(world)).toEqual([49, 50, 51, 52, 53, 54]);
  });

  test('ET-06 peers that lag or do not respond', async () => {
    const world = new World();
    const [first, second, third] = [await world.add(50), await world.add(50), await world.add(50)];
    world.follow();
    await world.clock.advance(0);
    third.close();
    const more = extend(first, 2);
    world.replace(50, more, [first]);
    world.replace(50, more.slice(0, 1), [second]);
    await world.clock.advance(8000);
    // Of two that respond, both have block 50.
    expect(numbers(world)).toEqual([49, 50]);
    world.replace(50, more, [second]);
    await world.clock.advance(20_000);
    expect(numbers(world)).toEqual([49, 50, 51]);
  });

  test('ET-06 it waits for peers, and takes those that come later', async () => {
    const world = new World();
    world.follow();
    await world.clock.advance(10_000);
    expect(world.heads).toEqual([]);
    await world.add(20);
    await world.clock.advance(4000);
    expect(numbers(world)).toEqual([19]);
  });

  test('ET-06 its signal ends it with the reason', async () => {
    const world = new World();
    await world.add(20);
    const controller = new AbortController();
    world.follow({ signal: controller.signal });
    await world.clock.advance(0);
    controller.abort(new Error('enough'));
    await world.clock.advance(0);
    expect(world.error).toEqual(new Error('enough'));
    await expect(follow([], { from: -1 }).next()).rejects.toThrow(EthError);
  });
});

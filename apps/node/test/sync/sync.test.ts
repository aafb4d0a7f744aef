import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { ForkChoice } from '../../src/chain/fork-choice.ts';
import { BlockError } from '../../src/errors/chain-error.ts';
import { silentLogs } from '../../src/logging/log.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { createSync, type SyncResult } from '../../src/sync/sync.ts';
import { blocks } from './demo-blocks.ts';
import { FakePeers } from './fake-peers.ts';
import { MemoryChain } from './memory-chain.ts';
import { sideChain } from './side-chain.ts';

const head = blocks.at(-1) as CompleteBlock;

function setUp(chain = new MemoryChain(), target?: Uint8Array, followForkChoice?: boolean, followsPeers?: boolean) {
  const clock = createVirtualClock();
  const peers = new FakePeers(clock);
  const forkChoice = new ForkChoice(chain);
  const results: SyncResult[] = [];
  const logged: string[] = [];
  const log = { ...silentLogs('sync'), warn: (_: unknown, text: string) => void logged.push(text) };
  const progress = new Map<string, { done: number; total: number }>();
  const start = () =>
    createSync({
      chain,
      peers,
      clock,
      target,
      forkChoice: followForkChoice ? forkChoice : undefined,
      followsPeers,
      log,
      report: (phase, done, total) => progress.set(phase, { done, total }),
      onSynced: (result) => results.push(result),
    });
  return { clock, peers, chain, forkChoice, results, progress, logged, start };
}

test('ND-08 fills an empty chain from one peer: headers backwards, then blocks in order', async () => {
  const { clock, peers, chain, results, progress, start } = setUp();
  const peer = peers.add(blocks);
  const sync = start();
  await clock.advance(60_000);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ number: 1024, hash: head.header.hash, blocks: 1024 });
  expect(chain.blocks.map(({ header }) => header.hash)).toEqual(blocks.map(({ header }) => header.hash));
  expect(chain.headersWritten).toBe(1024);
  expect(progress.get('headers')).toEqual({ done: 1024, total: 1024 });
  expect(progress.get('blocks')).toEqual({ done: 1024, total: 1024 });
  // Parts of empty blocks are not requested.
  const transactions = blocks.filter(({ body }) => body.transactions.length > 0).length;
  expect(peer.asked.receipts.reduce((a, b) => a + b)).toBe(transactions);
  await sync.close();
  expect(clock.pending).toBe(0);
});

test('ND-08 a target by hash is reached, with any range that peers announce', async () => {
  const { clock, peers, chain, results, start } = setUp(new MemoryChain(), (blocks[700] as CompleteBlock).header.hash);
  peers.add(blocks, { isStatic: false });
  const sync = start();
  await clock.advance(60_000);
  await sync.done;
  expect(chain.head.number).toBe(700);
  expect(results).toHaveLength(1);
});

test('ND-08 requests from several peers at once, more from faster ones', async () => {
  const { clock, peers, results, start } = setUp();
  const fast = peers.add(blocks, { delay: 20, delayPerItem: 0.5 });
  const slow = peers.add(blocks, { delay: 20, delayPerItem: 50 });
  start();
  await clock.advance(120_000);
  expect(results).toHaveLength(1);
  const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  expect(sum(slow.asked.bodies)).toBeGreaterThan(0);
  expect(sum(fast.asked.bodies)).toBeGreaterThan(3 * sum(slow.asked.bodies));
  expect(fast.items + slow.items).toBeGreaterThanOrEqual(2 * blocks.length);
  expect(fast.items).toBeGreaterThan(slow.items);
  expect(Math.max(...fast.asked.bodies)).toBeGreaterThan(Math.max(...slow.asked.bodies));
});

test('ND-08 a task that fails at one peer is assigned to another', async () => {
  const { clock, peers, chain, results, start } = setUp();
  peers.add(blocks, { silent: true });
  peers.add(blocks, { completeTo: 300 });
  peers.add(blocks, { most: 7, delay: 50 });
  start();
  await clock.advance(600_000);
  expect(results).toHaveLength(1);
  expect(chain.head.hash).toEqual(head.header.hash);
});

test('ND-08 waits for a peer, and continues when one connects', async () => {
  const { clock, peers, chain, results, start } = setUp();
  const first = peers.add(blocks, { delay: 100, most: 40 });
  start();
  await clock.advance(500);
  expect(results).toHaveLength(0);
  peers.remove(first);
  first.dropped = true;
  await clock.advance(3_600_000);
  expect(results).toHaveLength(0);
  peers.add(blocks);
  await clock.advance(60_000);
  expect(results).toHaveLength(1);
  expect(chain.head.hash).toEqual(head.header.hash);
});

test.each(['bodies', 'receipts'] as const)(
  'HX-15 a peer that returns the %s of another block is dropped, and its tasks are assigned to others',
  async (lies) => {
    const { clock, peers, chain, results, start } = setUp();
    const liar = peers.add(blocks, { lies });
    peers.add(blocks, { delay: 30 });
    start();
    await clock.advance(120_000);
    expect(liar.dropped).toBe(true);
    expect(results).toHaveLength(1);
    expect(chain.head.hash).toEqual(head.header.hash);
  },
);

test('HX-15 headers of another chain by number are dropped, and the peer gets no more requests for them', async () => {
  const { clock, peers, chain, results, start } = setUp(new MemoryChain(), head.header.hash);
  // Its blocks from 200 on differ, so its headers above do not connect to the target.
  const stranger = peers.add(sideChain(200, 800), { isStatic: false });
  peers.add(blocks, { delay: 200, most: 100 });
  const sync = start();
  await clock.advance(600_000);
  await sync.done;
  expect(results).toHaveLength(1);
  expect(stranger.asked.headers.length).toBeLessThan(20);
  expect(chain.blocks.map(({ header }) => header.hash)).toEqual(blocks.map(({ header }) => header.hash));
});

test('ND-08 continues after a stop at any point', async () => {
  const chain = new MemoryChain();
  let runs = 0;
  for (; runs < 200; runs++) {
    const { clock, peers, results, start } = setUp(chain);
    peers.add(blocks, { delay: 10, most: 30 });
    const sync = start();
    await clock.advance(50 + runs * 7);
    await sync.close();
    expect(clock.pending).toBe(0);
    if (results.length > 0) break;
  }
  expect(runs).toBeGreaterThan(5);
  expect(chain.head.hash).toEqual(head.header.hash);
  // Downloaded headers were not requested again, except for those of the target.
  expect(chain.headersWritten).toBeLessThan(1024 + 2 * runs);
});

test('ND-08 a later target uses the headers of an earlier run', async () => {
  const chain = new MemoryChain();
  const early = setUp(chain);
  early.peers.add(blocks.slice(0, 901), { delay: 10, most: 50 });
  const sync = early.start();
  await early.clock.advance(80);
  await sync.close();
  const before = chain.headersWritten;
  expect(before).toBeGreaterThan(100);
  const late = setUp(chain);
  late.peers.add(blocks);
  late.start();
  await late.clock.advance(60_000);
  expect(chain.head.hash).toEqual(head.header.hash);
  expect(chain.headersWritten).toBe(1024);
});

test('ND-08 follows a target on another branch', async () => {
  const ours = sideChain(500, 300);
  const { clock, peers, chain, results, start } = setUp(new MemoryChain(ours));
  expect(chain.head.number).toBe(799);
  peers.add(blocks);
  start();
  await clock.advance(60_000);
  expect(results[0]).toMatchObject({ number: 1024, blocks: 1024 - 499 });
  expect(chain.blocks.map(({ header }) => header.hash)).toEqual(blocks.map(({ header }) => header.hash));
});

test('ND-08 a peer without a better block is reported as synced, once', async () => {
  const { clock, peers, results, start } = setUp(new MemoryChain(blocks));
  peers.add(blocks);
  start();
  await clock.advance(1_000);
  peers.add(blocks);
  await clock.advance(1_000);
  expect(results).toEqual([
    { number: 1024, hash: head.header.hash, headers: 0, blocks: 0, headersTime: 0, blocksTime: 0 },
  ]);
});

test('ND-08 follows a static peer by fewer blocks than peers announce', async () => {
  const { clock, peers, chain, results, start } = setUp();
  const grown = peers.add(blocks.slice(0, 401));
  start();
  await clock.advance(60_000);
  grown.grow(blocks.slice(0, 405));
  await clock.advance(10_000);
  expect(chain.head.number).toBe(404);
  expect(results.map(({ number }) => number)).toEqual([400, 404]);
});

test('ND-08 follows the best block of a static peer', async () => {
  const { clock, peers, chain, results, start } = setUp();
  const first = peers.add(blocks.slice(0, 401));
  start();
  await clock.advance(60_000);
  expect(chain.head.number).toBe(400);
  peers.remove(first);
  peers.add(blocks.slice(0, 403), { isStatic: false });
  await clock.advance(60_000);
  expect(chain.head.number).toBe(400);
  peers.add(blocks);
  await clock.advance(60_000);
  expect(results.map(({ number }) => number)).toEqual([400, 1024]);
});

test('ND-08 ET-15 of several peers the block of the highest range is the target', async () => {
  const { clock, peers, chain, results, start } = setUp();
  for (const length of [301, 701, 501]) peers.add(blocks.slice(0, length));
  // Its range is higher, but it is not chosen by the operator.
  peers.add(blocks, { isStatic: false });
  start();
  await clock.advance(60_000);
  expect(chain.head.number).toBe(700);
  expect(results.map(({ number }) => number)).toEqual([700]);
});

test('ND-02 a target on another chain than is required is refused when its headers arrive', async () => {
  const chain = new MemoryChain();
  chain.required = new Map([[500, (blocks[500] as CompleteBlock).header.hash]]);
  const other = sideChain(480, 300);
  const target = (other.at(-1) as CompleteBlock).header.hash;
  const { clock, peers, results, start } = setUp(chain, target);
  const peer = peers.add(other, { isStatic: false });
  const sync = start();
  await clock.advance(60_000);
  await expect(sync.done).rejects.toMatchObject({ code: 'required-block', number: 500 });
  expect(results).toEqual([]);
  expect(chain.head.number).toBe(0);
  expect(peer.dropped).toBe(false);
  expect(peer.asked.bodies).toEqual([]);
});

test('ND-02 a best block on another chain is skipped for the required one', async () => {
  const chain = new MemoryChain();
  chain.required = new Map([[500, (blocks[500] as CompleteBlock).header.hash]]);
  const { clock, peers, results, start } = setUp(chain);
  peers.add(sideChain(480, 500));
  peers.add(blocks.slice(0, 601));
  const sync = start();
  await clock.advance(120_000);
  expect(results.map(({ number }) => number)).toEqual([600]);
  await sync.close();
});

describe('a head that the consensus layer chooses', () => {
  const block = (number: number): CompleteBlock => blocks[number] as CompleteBlock;
  const hashOf = (number: number): Uint8Array => block(number).header.hash;

  test('ND-08 ND-09 each head is reached in turn, with any range that static peers announce', async () => {
    const { clock, peers, chain, results, start, forkChoice } = setUp(undefined, undefined, true);
    peers.add(blocks);
    const sync = start();
    await clock.advance(60_000);
    expect(chain.head.number).toBe(0);
    for (const number of [300, 301, 700]) {
      forkChoice.request({ head: hashOf(number) });
      await clock.advance(60_000);
      expect(chain.head.number).toBe(number);
    }
    // A canonical head has no effect.
    forkChoice.request({ head: hashOf(650) });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(700);
    expect(results.map(({ number }) => number)).toEqual([300, 301, 700]);
    expect(sync.target).toBeUndefined();
    await sync.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-08 ND-09 of heads that are requested during a sync the last is next', async () => {
    const { clock, peers, chain, results, start, forkChoice } = setUp(undefined, undefined, true);
    peers.add(blocks, { delay: 100, most: 40 });
    const sync = start();
    forkChoice.request({ head: hashOf(500) });
    await clock.advance(2_000);
    for (const number of [501, 502, 503]) forkChoice.request({ head: hashOf(number) });
    await clock.advance(60_000);
    expect(results.map(({ number }) => number)).toEqual([500, 503]);
    expect(chain.head.number).toBe(503);
    await sync.close();
  });

  test('ND-08 ND-09 a head that no peer has is replaced by the next', async () => {
    const { clock, peers, chain, start, forkChoice } = setUp(undefined, undefined, true);
    peers.add(blocks.slice(0, 400));
    const sync = start();
    forkChoice.request({ head: new Uint8Array(32).fill(7) });
    await clock.advance(5_000);
    forkChoice.request({ head: hashOf(399) });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(399);
    // The next sync stops half way: the peer has no bodies from some block on.
    forkChoice.request({ head: hashOf(900) });
    peers.add(blocks, { completeTo: 600 });
    await clock.advance(600_000);
    expect(chain.head.number).toBe(600);
    forkChoice.request({ head: hashOf(610) });
    await clock.advance(10_000);
    peers.add(blocks);
    await clock.advance(60_000);
    expect(chain.head.number).toBe(610);
    await sync.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-08 ND-09 a head that breaks a rule is refused, and the next is reached', async () => {
    const { clock, peers, chain, results, start, forkChoice } = setUp(undefined, undefined, true);
    chain.required = new Map([[20, new Uint8Array(32)]]);
    peers.add(blocks);
    const sync = start();
    forkChoice.request({ head: hashOf(30) });
    await clock.advance(60_000);
    expect(forkChoice.isRefused(hashOf(30))).toBe(true);
    expect(forkChoice.badBlocks.refuse(hashOf(30))?.reason).toContain('block 20');
    expect(sync.target).toBeUndefined();
    forkChoice.request({ head: hashOf(19) });
    await clock.advance(60_000);
    expect(results.map(({ number }) => number)).toEqual([19]);
    await sync.close();
  });

  test('EN-16 an invalid block and its descendants are refused, however it is found', async () => {
    const chain = new MemoryChain();
    const append = chain.append.bind(chain);
    let heals = false;
    chain.append = async (added) => {
      const wrong = heals ? undefined : added.findIndex(({ header }) => header.number === 25);
      if (wrong === undefined || wrong < 0) return append(added);
      await append(added.slice(0, wrong));
      throw new BlockError('gas-limit', 25, 'gas limit 1 is below 5000');
    };
    const { clock, peers, start, forkChoice } = setUp(chain, undefined, true);
    peers.add(blocks);
    const sync = start();
    forkChoice.request({ head: hashOf(30) });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(24);
    expect([24, 25, 27, 30].map((number) => forkChoice.isRefused(hashOf(number)))).toEqual([
      ...[false, true, true, true],
    ]);
    expect(forkChoice.badBlocks.refuse(hashOf(31), hashOf(30))?.reason).toContain('gas limit 1');
    expect(await chain.syncProgress.headers(25, 1)).toEqual([]);
    // After enough refusals it is tried again, though the requested head is the same.
    heals = true;
    for (let i = 0; i < 128; i++) forkChoice.badBlocks.refuse(hashOf(30));
    forkChoice.request({ head: hashOf(30) });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(30);
    await sync.close();
  });

  test('EN-16 headers of an older segment are not those of the invalid chain', async () => {
    const { clock, peers, chain, start, forkChoice } = setUp(undefined, undefined, true);
    const older = { top: 20, topHash: hashOf(20), tail: 20, tailParent: hashOf(19) };
    await chain.syncProgress.write([block(20).header], [older]);
    const other = sideChain(10, 20);
    chain.required = new Map([[20, hashOf(20)]]);
    peers.add(other);
    const sync = start();
    const target = (other[20] as CompleteBlock).header.hash;
    forkChoice.request({ head: target });
    await clock.advance(60_000);
    expect(forkChoice.isRefused(target)).toBe(true);
    expect(forkChoice.isRefused(hashOf(20))).toBe(false);
    await sync.close();
  });

  test('EN-15 the header of a payload is not requested', async () => {
    const { clock, peers, chain, start, forkChoice } = setUp(undefined, undefined, true);
    const peer = peers.add(blocks);
    const sync = start();
    forkChoice.keepHeader(block(300).header);
    forkChoice.request({ head: hashOf(300) });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(300);
    expect(peer.asked.headers.every((count) => count > 1)).toBe(true);
    await sync.close();
  });

  test('EN-17 a stored head ends the sync to another one, which does not change the chain any more', async () => {
    const branch = sideChain(600, 20);
    const head = (branch.at(-1) as CompleteBlock).header;
    const { clock, peers, chain, results, start, forkChoice } = setUp(
      new MemoryChain(blocks.slice(0, 610)),
      undefined,
      true,
    );
    peers.add(blocks, { delayPerItem: 10 });
    const sync = start();
    forkChoice.request({ head: hashOf(900) });
    await clock.advance(2_000);
    expect(sync.target?.hash).toEqual(hashOf(900));
    chain.branch = branch;
    const applied = { head: { number: head.number, hash: head.hash } };
    const moved = forkChoice.move({ head: head.hash }, applied);
    await clock.advance(60_000);
    expect(await moved).toBe(true);
    expect(chain.head.hash).toEqual(head.hash);
    expect(sync.target).toBeUndefined();
    expect(sync.isSynced).toBe(true);
    expect(results.filter(({ blocks }) => blocks > 0)).toEqual([]);
    // A later head is reached as usual.
    forkChoice.request({ head: hashOf(900) });
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(hashOf(900));
    await sync.close();
  });

  test('EN-01 if it is optional, static peers are followed until a head is requested', async () => {
    const { clock, peers, chain, results, start, forkChoice } = setUp(undefined, undefined, true, true);
    peers.add(blocks.slice(0, 401));
    const sync = start();
    await clock.advance(60_000);
    expect(chain.head.number).toBe(400);
    peers.add(blocks.slice(0, 501));
    await clock.advance(60_000);
    expect(chain.head.number).toBe(500);
    forkChoice.request({ head: hashOf(501) });
    peers.add(blocks);
    await clock.advance(60_000);
    expect(chain.head.number).toBe(501);
    await clock.advance(600_000);
    expect(results.map(({ number }) => number)).toEqual([400, 500, 501]);
    await sync.close();
    expect(clock.pending).toBe(0);
  });

  test('EN-01 a request before any static peer connects ends the wait for one', async () => {
    const { clock, peers, chain, start, forkChoice } = setUp(undefined, undefined, true, true);
    const sync = start();
    await clock.advance(60_000);
    forkChoice.request({ head: hashOf(300) });
    peers.add(blocks, { isStatic: false });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(300);
    await sync.close();
    expect(clock.pending).toBe(0);
  });
});

test('ND-08 a target on a stored branch becomes the head without a request', async () => {
  const branch = sideChain(600, 20);
  const target = (branch.at(-1) as CompleteBlock).header;
  const { clock, chain, results, start } = setUp(new MemoryChain(blocks.slice(0, 620)), target.hash);
  chain.branch = branch;
  const sync = start();
  await clock.advance(1_000);
  await sync.done;
  expect(chain.head.hash).toEqual(target.hash);
  expect(results).toMatchObject([{ number: target.number, headers: 0, blocks: 0 }]);
});

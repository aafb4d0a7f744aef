import { toHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import type { StateEvent } from '../../src/chain/catch-up.ts';
import type { ChainOptions, LocalChain } from '../../src/chain/chain.ts';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { ChainError } from '../../src/errors/chain-error.ts';
import { ExecutionError } from '../../src/errors/execution-error.ts';
import { createFakeExecutor, type FakeExecutor } from '../execution/fake-executor.ts';
import { makeChain, makeGenesis } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

const genesis = makeGenesis('prague');
const { config } = genesis;
const blocks = makeChain(config, genesis.header, 300);
const third = blocks[2] as NewBlock;
/** A branch from block 3. */
const fork = makeChain(config, third.header, 40, { extraData: Uint8Array.of(1) });
const receipts = new Map([...blocks, ...fork].map((block) => [toHex(block.header.hash), block.receipts]));
const bare = ({ header, body }: NewBlock): NewBlock => ({ header, body });
const hashOf = (list: readonly NewBlock[], number: number): Uint8Array =>
  list.find(({ header }) => header.number === number)?.header.hash ?? new Uint8Array(32);

function fakeExecutor(start: { number: number; hash: Uint8Array } = genesis.header): FakeExecutor {
  return createFakeExecutor(genesis.header, (hash) => receipts.get(hash), start);
}

async function openWith(executor: FakeExecutor, options: Partial<ChainOptions> = {}): Promise<LocalChain> {
  const chain = await openTemporary(genesis, { openExecutor: () => executor, ...options });
  await chain.caughtUp;
  return chain;
}

async function expectServed(chain: LocalChain, expected: readonly NewBlock[]): Promise<void> {
  const hashes = expected.map(({ header }) => header.hash);
  expect(await chain.receipts(hashes)).toEqual(hashes.map((hash) => receipts.get(toHex(hash))?.raw));
}

describe('inserted blocks', () => {
  test('EN-15 a valid block is stored with its receipts, and the head stays', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    const heads: number[] = [];
    chain.onHead(() => heads.push(chain.head.number));
    for (const block of [...blocks.slice(0, 5), ...fork.slice(0, 2)]) {
      expect(await chain.insert(bare(block))).toEqual({ status: 'valid' });
    }
    expect(chain.head.number).toBe(0);
    expect(heads).toEqual([]);
    expect(executor.committed).toEqual([]);
    await expectServed(chain, [...blocks.slice(0, 5), ...fork.slice(0, 2)]);
    // Known blocks are not executed again.
    expect(await chain.insert(bare(blocks[1] as NewBlock))).toEqual({ status: 'valid' });
    expect(executor.executed).toEqual([1, 2, 3, 4, 5, 4, 5]);
  });

  test('EN-15 an invalid block has the reason, and is not stored', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    await chain.append(blocks.slice(0, 3).map(bare));
    executor.invalid.add(4);
    const [fourth, fifth] = fork as [NewBlock, NewBlock];
    expect(await chain.insert(bare(fourth))).toEqual({
      status: 'invalid',
      code: 'state-root',
      reason: 'state root is another',
    });
    expect(await chain.headerByHash(fourth.header.hash)).toBeUndefined();
    expect(await chain.insert(bare(fifth))).toEqual({ status: 'no-state' });
    const wrongBody = { header: fourth.header, body: (blocks[1] as NewBlock).body };
    expect(await chain.insert(wrongBody)).toMatchObject({ status: 'invalid', code: 'transactions-root' });
  });

  test('EN-36 without execution no block is inserted', async () => {
    const chain = await openTemporary(genesis);
    expect(chain.isExecuting).toBe(false);
    expect(await chain.insert(blocks[0] as NewBlock)).toEqual({ status: 'no-state' });
    expect(await chain.headerByHash(hashOf(blocks, 1))).toBeUndefined();
  });

  test('EN-37 a missing state of the parent is built again from stored blocks', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    await chain.append(blocks.slice(0, 3).map(bare));
    for (const block of fork.slice(0, 10)) await chain.insert(bare(block));
    executor.lose();
    executor.executed.length = 0;
    expect(await chain.insert(bare(fork[10] as NewBlock))).toEqual({ status: 'valid' });
    expect(executor.executed).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  test('EN-15 a parent whose state needs more than 128 blocks has no state', async () => {
    const start = blocks[255] as NewBlock;
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    await chain.append(blocks.slice(0, 256).map(bare));
    executor.lose();
    await executor.reset();
    await executor.commit(genesis.header);
    expect(await chain.insert(bare(blocks[256] as NewBlock))).toEqual({ status: 'no-state' });
    expect(chain.head.hash).toEqual(start.header.hash);
  });
});

describe('the head', () => {
  test('EN-17 moves forward, to a side branch, back to an ancestor, and its state follows', async () => {
    const executor = fakeExecutor();
    const location = temporaryDirectory();
    const chain = await openWith(executor, { location });
    for (const block of [...blocks.slice(0, 8), ...fork.slice(0, 6)]) await chain.insert(bare(block));
    const moves: [readonly NewBlock[], number][] = [
      [blocks, 5],
      [blocks, 8],
      [fork, 7],
      [fork, 9],
      [blocks, 2],
      [fork, 4],
      [blocks, 0],
      [blocks, 8],
    ];
    for (const [list, number] of moves) {
      const hash = number === 0 ? genesis.header.hash : hashOf(list, number);
      expect(await chain.setHead(hash)).toBe(true);
      expect(chain.head).toMatchObject({ number, hash });
      expect(chain.range().latest).toBe(number);
      expect(await chain.hashAt(number + 1)).toBeUndefined();
    }
    await chain.close();
    expect(executor.committed.map((hash) => hash.slice(0, 8))).toEqual(
      moves.map(([list, number]) => toHex(number === 0 ? genesis.header.hash : hashOf(list, number)).slice(0, 8)),
    );
    const again = await openWith(executor, { location });
    expect(again.head.number).toBe(8);
    await expectServed(again, blocks.slice(0, 8));
    await again.close();
  });

  test('EN-17 an unknown block does not become the head', async () => {
    const chain = await openWith(fakeExecutor());
    await chain.insert(bare(blocks[0] as NewBlock));
    expect(await chain.setHead(hashOf(blocks, 2))).toBe(false);
    expect(await chain.setHead(hashOf(blocks, 1))).toBe(true);
  });
});

describe('imported blocks', () => {
  test('ND-07 are stored with the receipts that were made, and the state follows in batches', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    const served: number[] = [];
    chain.onHead(() => served.push(chain.range().latest));
    await chain.append(blocks.map(bare));
    expect(served).toEqual([32, 64, 96, 128, 160, 192, 224, 256, 288, 300]);
    expect(executor.executed).toEqual(blocks.map(({ header }) => header.number));
    await expectServed(chain, blocks);
    await chain.close();
    expect(executor.head?.number).toBe(300);
  });

  test('ND-07 blocks before an invalid one are kept, unless they would have replaced others', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    executor.invalid.add(200);
    await expect(chain.append(blocks.map(bare))).rejects.toMatchObject({ name: 'BlockError', code: 'state-root' });
    expect(chain.head.number).toBe(199);
    executor.invalid.clear();
    executor.invalid.add(20);
    await expect(chain.append(fork.map(bare))).rejects.toMatchObject({ code: 'state-root' });
    expect(chain.head.hash).toEqual(hashOf(blocks, 199));
    executor.invalid.clear();
    await chain.append(fork.map(bare));
    expect(chain.head.hash).toEqual(fork.at(-1)?.header.hash);
  });

  test('ND-07 continue after an interruption of the execution, from the state on disk', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    for (const number of [1, 60, 130, 290]) {
      executor.failures.set(number, new ExecutionError('interrupted', 'the execution was started again'));
    }
    await chain.append(blocks.map(bare));
    expect(chain.head.number).toBe(300);
    await expectServed(chain, blocks);
    await chain.append(fork.map(bare));
    expect(chain.head.number).toBe(43);
  });

  test('ND-07 an error of the state is thrown, and the block is not reported as invalid', async () => {
    const executor = fakeExecutor();
    const chain = await openWith(executor);
    executor.failures.set(150, new ChainError('unusable', 'no space left on device'));
    await expect(chain.append(blocks.map(bare))).rejects.toMatchObject({ name: 'ChainError', code: 'unusable' });
    expect(chain.head.number).toBe(149);
    executor.failures.set(150, new Error('a fault'));
    await expect(chain.append(blocks.slice(149).map(bare))).rejects.toThrow('a fault');
    executor.failures.set(150, new Error('a fault'));
    await expect(chain.insert(bare(blocks[149] as NewBlock))).rejects.toThrow('a fault');
    await chain.append(blocks.slice(149).map(bare));
    expect(chain.head.number).toBe(300);
  });
});

describe('a start', () => {
  interface Start {
    /** The block whose state is on disk. */
    readonly state: { number: number; hash: Uint8Array };
    readonly place: StateEvent['place'];
    readonly from: number;
  }
  const foreign = { number: 120, hash: new Uint8Array(32).fill(7) };
  test.each<[string, Start]>([
    ['behind', { state: (blocks[99] as NewBlock).header, place: 'canonical', from: 100 }],
    ['of the genesis', { state: genesis.header, place: 'canonical', from: 0 }],
    ['on a side branch', { state: (fork[4] as NewBlock).header, place: 'side-branch', from: 0 }],
    ['of an unknown block', { state: foreign, place: 'unknown', from: 0 }],
  ])('ND-07 a state %s is brought to the head', async (_, { state, place, from }) => {
    const location = temporaryDirectory();
    const before = await openTemporary(genesis, { location, sideBlockDepth: 1000 });
    await before.append(blocks.slice(0, 3));
    await before.append(fork.slice(0, 5));
    await before.append(blocks.slice(3, 10));
    // Without receipts, which are made.
    await before.append(blocks.slice(10, 300).map(bare));
    await before.close();
    const executor = fakeExecutor(state);
    const events: StateEvent[] = [];
    const seen: number[] = [];
    const chain = await openTemporary(genesis, {
      location,
      openExecutor: () => executor,
      onState: (event) => events.push(event),
      onCatchUp: ({ done }) => seen.push(done),
    });
    expect(await chain.insert(bare(blocks[0] as NewBlock))).toEqual({ status: 'no-state' });
    await chain.caughtUp;
    expect(events).toMatchObject([{ place, from: { number: from }, to: { number: 300 } }]);
    expect(seen).toEqual(Array.from({ length: 301 - from }, (_, i) => from + i));
    expect(executor.head?.number).toBe(300);
    await expectServed(chain, blocks.slice(from));
    expect(chain.range().latest).toBe(300);
    // The next start has nothing to do.
    await chain.close();
    await openWith(executor, { location, onState: (event) => events.push(event) });
    expect(events).toHaveLength(1);
  });

  test('ND-07 a stored block that is invalid is not canonical after a start', async () => {
    const location = temporaryDirectory();
    const before = await openTemporary(genesis, { location });
    await before.append(blocks);
    await before.close();
    const executor = fakeExecutor();
    executor.invalid.add(200);
    const chain = await openTemporary(genesis, { location, openExecutor: () => executor });
    await expect(chain.caughtUp).rejects.toMatchObject({ name: 'BlockError', number: 200 });
    expect(chain.head.number).toBe(199);
    expect(executor.head?.number).toBe(199);
  });

  test('ND-14 closing ends the execution of stored blocks, which the next start continues', async () => {
    const location = temporaryDirectory();
    const before = await openTemporary(genesis, { location });
    await before.append(blocks);
    await before.close();
    const executor = fakeExecutor();
    const closing: Promise<void>[] = [];
    const chain = await openTemporary(genesis, {
      location,
      openExecutor: () => executor,
      onCatchUp: ({ done }) => {
        if (done === 150) closing.push(chain.close());
      },
    });
    await expect(chain.caughtUp).rejects.toMatchObject({ code: 'closed' });
    await Promise.all(closing);
    expect(executor.head?.number).toBe(128);
    executor.lose();
    await openWith(executor, { location });
    expect(executor.head?.number).toBe(300);
  });
});

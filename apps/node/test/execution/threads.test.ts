import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { RawList, type SealedHeader } from '@devp2p/eth';
import { expect, onTestFinished, test } from 'vitest';
import { type LocalChain, openChain } from '../../src/chain/chain.ts';
import { executorOf } from '../../src/execution/open-executor.ts';
import type { ExecutionBackend, RestartEvent } from '../../src/execution/worker/executor-client.ts';
import { openExecutorClient } from '../../src/execution/worker/executor-client.ts';
import { startThreadExecution } from '../../src/execution/worker/thread-execution.ts';
import { crypto } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { accounts, burner, ChainBuilder, counter, type MinedBlock, richGenesis, signCall } from './chain-builder.ts';

const genesis = richGenesis();

/** A chain of blocks with transfers and contract calls. */
async function mine(builder: ChainBuilder, parent: SealedHeader, count: number, mark = 0): Promise<MinedBlock[]> {
  const blocks: MinedBlock[] = [];
  for (let last = parent; blocks.length < count; ) {
    const nonce = last.number;
    const transactions = accounts.map((from, i) =>
      i % 2 === 0
        ? signCall({ from, nonce, to: new Uint8Array(20).fill(nonce + mark) })
        : signCall({ from, nonce, to: counter, input: new Uint8Array(32).fill(i), gas: 100_000 }),
    );
    const block = await builder.mine(last, transactions, Uint8Array.of(mark));
    blocks.push(block);
    last = block.header;
  }
  return blocks;
}

const bare = ({ header, body }: MinedBlock) => ({ header, body });

interface Opened {
  readonly chain: LocalChain;
  readonly restarts: RestartEvent[];
  /** The running execution. */
  backend(): ExecutionBackend;
}

/** Opens a chain whose blocks are executed in threads. */
async function open(directory = temporaryDirectory(), sideBlockDepth = 128): Promise<Opened> {
  const restarts: RestartEvent[] = [];
  let backend: ExecutionBackend | undefined;
  const start = (): ExecutionBackend => {
    backend = startThreadExecution({ location: join(directory, 'state'), genesis, historyDepth: 128 }, systemClock);
    return backend;
  };
  const chain = await openChain({
    location: join(directory, 'chain'),
    genesis,
    crypto,
    clock: systemClock,
    sideBlockDepth,
    openExecutor: (source) =>
      openExecutorClient({ start, source, crypto, clock: systemClock, onRestart: (event) => restarts.push(event) }),
  });
  onTestFinished(() => chain.close());
  await chain.caughtUp;
  return { chain, restarts, backend: () => backend as ExecutionBackend };
}

async function expectBlocks(chain: LocalChain, blocks: readonly MinedBlock[]): Promise<void> {
  const hashes = blocks.map(({ header }) => header.hash);
  expect((await chain.receipts(hashes)).map((list) => list && toHex(list))).toEqual(
    blocks.map(({ receipts }) => toHex(receipts.raw)),
  );
  expect(toHex(chain.head.hash)).toBe(toHex(blocks.at(-1)?.header.hash ?? genesis.header.hash));
}

test('ND-07 blocks are executed in threads, and the state is there after a restart', async () => {
  const builder = await ChainBuilder.create(genesis);
  const blocks = await mine(builder, genesis.header, 30);
  const branch = await mine(builder, (blocks[19] as MinedBlock).header, 15, 1);
  const directory = temporaryDirectory();
  const first = await open(directory);
  await first.chain.append(blocks.map(bare));
  await expectBlocks(first.chain, blocks);
  await first.chain.append(branch.map(bare));
  await first.chain.close();
  expect(existsSync(join(directory, 'state', 'CURRENT'))).toBe(true);
  const second = await open(directory);
  await expectBlocks(second.chain, [...blocks.slice(0, 20), ...branch]);
  // Back to the first branch, by differences, and on from there.
  expect(await second.chain.setHead((blocks[24] as MinedBlock).header.hash)).toBe(true);
  for (const block of blocks.slice(25)) expect(await second.chain.insert(bare(block))).toEqual({ status: 'valid' });
  expect(await second.chain.setHead((blocks[29] as MinedBlock).header.hash)).toBe(true);
  await expectBlocks(second.chain, blocks);
  expect([...first.restarts, ...second.restarts]).toEqual([]);
});

test('EN-30 blocks are built in the thread, on any block, and can be inserted', async () => {
  const builder = await ChainBuilder.create(genesis);
  const blocks = await mine(builder, genesis.header, 10);
  const { chain } = await open();
  await chain.append(blocks.map(bare));
  const parent = (blocks[4] as MinedBlock).header;
  const request = {
    parent,
    timestamp: parent.timestamp + 12,
    beneficiary: new Uint8Array(20).fill(0xfe),
    mixHash: new Uint8Array(32).fill(3),
    parentBeaconBlockRoot: new Uint8Array(32),
    withdrawals: RawList.of([]),
    gasTarget: 30_000_000,
    extraData: Uint8Array.of(1),
    transactions: accounts.flatMap((from) =>
      [0, 1, 2].map((n) => ({
        raw: signCall({ from, nonce: parent.number + n, to: counter, input: new Uint8Array(32).fill(n), gas: 100_000 }),
        sender: from.address,
      })),
    ),
  };
  const built = await chain.build(request);
  expect(built.included).toHaveLength(24);
  expect(built.header.parentHash).toEqual(parent.hash);
  const empty = await chain.build({ ...request, transactions: [] }, AbortSignal.abort());
  expect(empty.body.transactions).toHaveLength(0);
  for (const block of [built, empty]) expect(await chain.insert(block)).toEqual({ status: 'valid' });
  expect(await chain.setHead(built.header.hash)).toBe(true);
});

test('ND-07 the thread of the network runs while a block is executed', async () => {
  const builder = await ChainBuilder.create(genesis);
  const heavy = signCall({ from: accounts[0] as (typeof accounts)[0], nonce: 0, to: burner, gas: 29_000_000 });
  const block = await builder.mine(genesis.header, [heavy]);
  const { chain } = await open();
  let isDone = false;
  const done = chain.append([bare(block)]).then(() => {
    isDone = true;
  });
  let turns = 0;
  while (!isDone) {
    const [header] = await chain.headers({ origin: 0, amount: 1, step: 1 });
    expect(header).toEqual(genesis.header.raw);
    turns++;
  }
  await done;
  // The block takes some tens of ms, and an execution in this thread would leave two turns.
  expect(turns).toBeGreaterThan(5);
  expect(chain.head.hash).toEqual(block.header.hash);
});

test('ND-07 a thread that dies is started again, and the blocks after the last commit are executed again', async () => {
  const builder = await ChainBuilder.create(genesis);
  const blocks = await mine(builder, genesis.header, 60);
  const { chain, restarts, backend } = await open();
  for (let round = 0; round < 3; round++) {
    await chain.append(blocks.slice(round * 20, round * 20 + 5).map(bare));
    const rest = chain.append(blocks.slice(round * 20 + 5, round * 20 + 20).map(bare));
    await backend().stop();
    await rest;
    expect(restarts).toHaveLength(round + 1);
    expect(restarts[round]?.reason.message).toMatch(/exited with code 1/);
  }
  await expectBlocks(chain, blocks);
  await chain.close();
});

test('ND-07 after the fourth death the chain has failed, with the reason', async () => {
  const builder = await ChainBuilder.create(genesis);
  const blocks = await mine(builder, genesis.header, 5);
  const { chain, restarts, backend } = await open();
  for (let round = 0; round < 3; round++) {
    await backend().stop();
    await chain.append([bare(blocks[round] as MinedBlock)]);
  }
  await backend().stop();
  const failed = {
    name: 'ExecutionError',
    code: 'failed',
    message: expect.stringMatching(/4 times.*exited with code 1/),
  };
  await expect(chain.failed).resolves.toMatchObject(failed);
  await expect(chain.append([bare(blocks[3] as MinedBlock)])).rejects.toMatchObject(failed);
  expect(restarts).toHaveLength(3);
  expect(chain.head.number).toBe(3);
});

test('ND-07 a thread that cannot open the state names the reason', async () => {
  const directory = temporaryDirectory();
  const openExecutor = executorOf({ location: join(directory, 'state'), genesis, crypto, clock: systemClock });
  const executor = await openExecutor({ ancestors: async () => [] });
  onTestFinished(() => executor.close());
  await expect(openExecutor({ ancestors: async () => [] })).rejects.toMatchObject({
    name: 'StateError',
    code: 'in-use',
  });
});

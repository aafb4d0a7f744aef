import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import { expect, onTestFinished, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import { type Logs, silentLogs } from '../../src/logging/log.ts';
import { type NodeChainOptions, openNodeChain } from '../../src/node/open-chain.ts';
import { crypto } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { accounts, ChainBuilder, counter, type MinedBlock, richGenesis, signCall } from './chain-builder.ts';

const genesis = richGenesis();

/** Two branches of a trunk, which differ in their transactions. */
interface Branches {
  readonly trunk: readonly MinedBlock[];
  readonly main: readonly MinedBlock[];
  readonly side: readonly MinedBlock[];
}

async function makeBranches(lengths: Record<keyof Branches, number>): Promise<Branches> {
  const builder = await ChainBuilder.create(genesis);
  const grow = async (parent: SealedHeader, count: number, mark: number): Promise<MinedBlock[]> => {
    const blocks: MinedBlock[] = [];
    for (let last = parent; blocks.length < count; ) {
      const nonce = last.number;
      const transactions = accounts.map((from, i) =>
        i % 2 === 0
          ? signCall({ from, nonce, to: new Uint8Array(20).fill(nonce + mark) })
          : signCall({ from, nonce, to: counter, input: new Uint8Array(32).fill(i + mark), gas: 100_000 }),
      );
      const block = await builder.mine(last, transactions, Uint8Array.of(mark));
      blocks.push(block);
      last = block.header;
    }
    return blocks;
  };
  const trunk = await grow(genesis.header, lengths.trunk, 0);
  const fork = (trunk.at(-1) as MinedBlock).header;
  return { trunk, main: await grow(fork, lengths.main, 1), side: await grow(fork, lengths.side, 2) };
}

const bare = ({ header, body }: MinedBlock) => ({ header, body });

interface Opened {
  readonly chain: LocalChain;
  /** Warnings. */
  readonly warnings: readonly string[];
  /** Blocks that were executed after the start, after the one from whose state it began. */
  readonly executed: readonly number[];
}

/** Opens the chain of a data directory, with an execution in this thread. */
async function open(datadir: string, options: Partial<NodeChainOptions> = {}): Promise<Opened> {
  const warnings: string[] = [];
  const executed: number[] = [];
  const logs: Logs = (module) => ({ ...silentLogs(module), warn: (_, text) => warnings.push(text) });
  const chain = await openNodeChain({
    datadir,
    genesis,
    execution: { executionThreads: false },
    onCatchUp: ({ first, done }) => {
      if (done > first) executed.push(done);
    },
    crypto,
    clock: systemClock,
    logs,
    ...options,
  });
  onTestFinished(() => chain.close());
  await chain.caughtUp;
  return { chain, warnings, executed };
}

/** Imports blocks, and closes the data directory. */
async function fill(datadir: string, ...parts: (readonly MinedBlock[])[]): Promise<void> {
  const { chain } = await open(datadir);
  for (const part of parts) await chain.append(part.map(bare));
  await chain.close();
}

/** Makes a data directory with imported blocks, and the state of another one, in which other blocks were imported. */
async function makeDirectory(
  blocks: readonly (readonly MinedBlock[])[],
  others: readonly (readonly MinedBlock[])[],
): Promise<string> {
  const [directory, other] = [temporaryDirectory(), temporaryDirectory()];
  await fill(directory, ...blocks);
  await fill(other, ...others);
  rmSync(join(directory, 'state'), { recursive: true });
  cpSync(join(other, 'state'), join(directory, 'state'), { recursive: true });
  return directory;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Checks that the chain ends with these blocks, and has their states: the next block is executed on the head's. */
async function expectChain({ chain }: Opened, blocks: readonly MinedBlock[]): Promise<void> {
  const last = blocks.at(-1) as MinedBlock;
  expect(toHex(chain.head.hash)).toBe(toHex(last.header.hash));
  const hashes = blocks.slice(-50).map(({ header }) => header.hash);
  expect((await chain.receipts(hashes)).map((list) => list && toHex(list))).toEqual(
    blocks.slice(-50).map(({ receipts }) => toHex(receipts.raw)),
  );
  const sender = accounts[0]?.address as Uint8Array;
  expect(await chain.account(sender)).toMatchObject({ nonce: BigInt(last.header.number) });
}

/** Opens a data directory with 44 blocks, whose state is that of block 40 of a branch that leaves them after block 30. */
async function expectWayBack(directory: string, fault: string, blocks: readonly MinedBlock[]): Promise<Opened> {
  const opened = await open(directory);
  expect(opened.warnings).toEqual([
    `the state is that of block 40, ${fault}, and the head is block 44: the state goes back to block 30, and blocks 31 to 44 are executed`,
  ]);
  expect(opened.executed).toEqual(range(31, 44));
  await expectChain(opened, blocks);
  return opened;
}

test('ND-07 a start with the state of a side branch walks it back by differences, and executes the canonical blocks above', async () => {
  const { trunk, main, side } = await makeBranches({ trunk: 30, main: 14, side: 10 });
  // The state stays on the side branch when the program dies after the chain's write, or without execution.
  const directory = await makeDirectory([trunk, side, main], [trunk, side]);
  const opened = await expectWayBack(directory, 'which is not canonical', [...trunk, ...main]);
  await opened.chain.close();
  const again = await open(directory);
  expect(again.warnings).toEqual([]);
  await expectChain(again, [...trunk, ...main]);
});

test('ND-07 a start with the state of a block that the chain does not have goes back to the last state that fits', async () => {
  const { trunk, main, side } = await makeBranches({ trunk: 30, main: 14, side: 10 });
  const directory = await makeDirectory([trunk, main], [trunk, side]);
  await expectWayBack(directory, 'which the chain does not have', [...trunk, ...main]);
});

test('ND-07 a start with a state above the head goes back to it, and executes nothing', async () => {
  const { trunk, main } = await makeBranches({ trunk: 30, main: 14, side: 0 });
  const directory = await makeDirectory([trunk], [trunk, main]);
  const opened = await open(directory);
  expect(opened.warnings).toEqual([
    'the state is that of block 44, which the chain does not have, and the head is block 30: the state goes back to it',
  ]);
  expect(opened.executed).toEqual([]);
  await expectChain(opened, trunk);
  await opened.chain.append(main.map(bare));
  await expectChain(opened, [...trunk, ...main]);
});

test('ND-07 a start with a foreign state whose differences do not reach the chain executes all blocks', async () => {
  const { trunk, main, side } = await makeBranches({ trunk: 3, main: 132, side: 132 });
  const directory = await makeDirectory([trunk, main], [trunk, side]);
  const opened = await open(directory);
  expect(opened.warnings).toEqual([
    'the state is that of block 135, which the chain does not have, and the head is block 135: the state goes back to block 0, and blocks 1 to 135 are executed',
  ]);
  expect(opened.executed).toEqual(range(1, 135));
  await expectChain(opened, [...trunk, ...main]);
});

test('ND-07 after a time without execution, a start executes the blocks from the last state on', async () => {
  const { trunk, main, side } = await makeBranches({ trunk: 30, main: 14, side: 10 });
  const directory = temporaryDirectory();
  await fill(directory, trunk, side);
  const without = await open(directory, { execution: undefined });
  expect(without.chain.isExecuting).toBe(false);
  await without.chain.append(main.map(bare));
  await without.chain.close();
  await expectWayBack(directory, 'which is not canonical', [...trunk, ...main]);
});

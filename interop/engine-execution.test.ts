import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createNode } from '../apps/node/src/index.ts';
import { GivenTransactions } from '../apps/node/test/engine/given-transactions.ts';
import { signTransaction, type TestAccount } from '../apps/node/test/execution/sign-transaction.ts';
import { ConsensusDriver, type DriverBlock, type Outcomes } from './consensus-driver.ts';
import { fundedAccounts } from './each-type.ts';
import { headOnly, paramsOf } from './engine-calls.ts';
import { askEngine, type EngineServer } from './json-rpc.ts';
import { Scene } from './scene.ts';

const scene = new Scene();
/** Real duration of a slot in ms. */
const slot = 450;

const both = (answer: string): Outcomes => ({ geth: answer, ours: answer });
const valid = ({ hash }: DriverBlock): Outcomes => both(`VALID ${hash}`);

test('EN-14 EN-15 EN-17 ND-07 geth and our node have the same status for every block of the test chain', async () => {
  const geth = await scene.startGeth({ blocks: false });
  const { engine } = await scene.startEngineNode([]);
  const driver = new ConsensusDriver({ geth: geth.engine, ours: engine }, scene.chain.genesisHash);
  const { payloads, forkchoice } = scene.chain;
  const seen = new Set<string>();
  for (const { method, params } of payloads.slice(1)) {
    const name = method.replace('engine_', '');
    const outcomes = await driver.askAll(name, params);
    const { blockHash } = paramsOf({ method, params })[0];
    expect({ blockHash, ...outcomes }).toEqual({ blockHash, ...both(`VALID ${blockHash}`) });
    // Without a fork choice geth loses the states of a branch of more than 128 blocks.
    const chosen = await driver.askAll(chooseOf(name), [headOnly(blockHash), null]);
    expect({ blockHash, ...chosen }).toEqual({ blockHash, ...both(`VALID ${blockHash}`) });
    seen.add(name);
  }
  expect(seen.size).toBeGreaterThan(3);
  // The suite's own call, with its version.
  const version = forkchoice.method.replace('engine_', '');
  expect(await driver.askAll(version, forkchoice.params)).toEqual(both(`VALID ${scene.chain.headHash}`));
});

/** The version of forkchoiceUpdated for that of newPayload. */
function chooseOf(name: string): string {
  const version = { newPayloadV2: 'V2', newPayloadV3: 'V3', newPayloadV4: 'V3' }[name] ?? 'V4';
  return `forkchoiceUpdated${version}`;
}

interface Network {
  readonly driver: ConsensusDriver;
  /** Gives both sides a transaction of the next nonce. */
  transact(): Promise<void>;
  /** Stops both, and starts them again with the same data. */
  restart(): Promise<void>;
}

/** Both nodes with the same genesis, and a driver. */
async function startNetwork(maxReorgDepth?: number): Promise<Network> {
  const flags = maxReorgDepth === undefined ? [] : [`--engine.maxreorgdepth=${maxReorgDepth}`];
  const [theirs, datadir] = [scene.newDatadir(), scene.newDatadir()];
  const transactions = new GivenTransactions();
  const startBoth = async () => {
    const geth = await scene.startGeth({ blocks: false, flags }, theirs);
    const secret = new Uint8Array(randomBytes(32));
    const node = await createNode({
      genesis: scene.chain.genesis,
      datadir,
      host: '127.0.0.1',
      port: 0,
      discovery: false,
      authrpc: { port: 0, jwtSecret: secret, maxReorgDepth },
      building: { transactions },
    });
    scene.keep({ stop: () => node.close() });
    return { geth, node, ours: { url: node.endpoints.authrpc ?? '', secret } satisfies EngineServer };
  };
  let running = await startBoth();
  const sides = { geth: running.geth.engine, ours: running.ours };
  const driver = new ConsensusDriver(sides, scene.chain.genesisHash);
  const [account] = fundedAccounts(scene.chain);
  let nonce = 0;
  return {
    driver,
    async transact() {
      const fields = {
        chainId: BigInt(scene.chain.networkId),
        nonce: nonce++,
        to: new Uint8Array(20).fill(0x99),
        value: 1n,
      };
      const raw = signTransaction(account as TestAccount, fields);
      transactions.add(raw);
      await running.geth.rpc('eth_sendRawTransaction', [`0x${Buffer.from(raw).toString('hex')}`]);
    },
    async restart() {
      await Promise.all([running.geth.stop(), running.node.close()]);
      running = await startBoth();
      Object.assign(driver.sides, { geth: running.geth.engine, ours: running.ours });
    },
  };
}

/** Builds a block on one side, and has both sides execute it and take it as the head. */
async function extend({ driver }: Network, side: string, missed = 0, duration = slot): Promise<DriverBlock> {
  const block = await driver.build(side, duration, missed);
  // The answer of ours is SYNCING until its start has ended.
  if (driver.head === driver.genesis) {
    await expect.poll(() => driver.send(block), { timeout: 20_000 }).toEqual(valid(block));
  }
  expect(await driver.send(block)).toEqual(valid(block));
  expect(await driver.choose(block)).toEqual(valid(block));
  driver.head = block;
  return block;
}

test('EN-19 EN-21 EN-30 EN-33 each side builds in turn, and both execute the blocks of both', async () => {
  const network = await startNetwork();
  const { driver } = network;
  const counts = new Map<string, number>();
  const blocks: DriverBlock[] = [];
  for (let i = 0; i < 44; i++) {
    await network.transact();
    const side = i % 2 === 0 ? 'geth' : 'ours';
    // A slot without a block now and then.
    const block = await extend(network, side, i % 7 === 6 ? 1 : 0);
    const [payload] = (block.call?.[1] ?? []) as [{ transactions: string[] }];
    counts.set(side, (counts.get(side) ?? 0) + payload.transactions.length);
    blocks.push(block);
    driver.safe = blocks.at(-4);
    driver.finalized = blocks.at(-8);
  }
  // The time of the last block is after the fork to Amsterdam.
  expect(driver.head.time).toBeGreaterThan(360);
  expect(counts.get('geth')).toBeGreaterThan(10);
  expect(counts.get('ours')).toBeGreaterThan(10);
});

test('EN-37 both continue after restarts, with their head, and build on it', async () => {
  const network = await startNetwork();
  const { driver } = network;
  const blocks: DriverBlock[] = [];
  const counts = { geth: 0, ours: 0 };
  for (let round = 0; round < 4; round++) {
    for (const side of ['geth', 'ours', 'geth', 'ours'] as const) {
      await network.transact();
      const block = await extend(network, side);
      const [payload] = (block.call?.[1] ?? []) as [{ transactions: string[] }];
      counts[side] += payload.transactions.length;
      blocks.push(block);
      driver.finalized = blocks.at(-3);
      driver.safe = blocks.at(-2);
    }
    // The last block is sent to both, and is chosen after the restart.
    const last = await driver.build('geth', slot);
    expect(await driver.send(last)).toEqual(valid(last));
    await network.restart();
    // The answer of ours is SYNCING until it has the states in memory again.
    await expect.poll(() => driver.choose(driver.head), { timeout: 20_000 }).toEqual(valid(driver.head));
    expect(await driver.send(last)).toEqual(valid(last));
    expect(await driver.choose(last)).toEqual(valid(last));
    driver.head = last;
    blocks.push(last);
  }
  expect(counts.geth).toBeGreaterThan(4);
  expect(counts.ours).toBeGreaterThan(4);
});

test('EN-17 side branches of 1 to 40 blocks are followed by both', async () => {
  const network = await startNetwork();
  const { driver } = network;
  const fork = await extend(network, 'geth');
  const tips: Record<string, DriverBlock> = { geth: fork, ours: fork };
  for (let length = 1; length <= 40; length++) {
    for (const side of ['geth', 'ours']) {
      // Both have the other branch as their head, and leave it with this block.
      driver.head = tips[side] as DriverBlock;
      const block = await driver.build(side, 30);
      expect(await driver.send(block)).toEqual(valid(block));
      expect(await driver.choose(block)).toEqual(valid(block));
      tips[side] = block;
    }
  }
  for (const side of ['geth', 'ours', 'geth']) {
    const tip = tips[side] as DriverBlock;
    expect(await driver.choose(tip)).toEqual(valid(tip));
  }
});

test.each([
  ['is refused by default', undefined],
  ['is followed with a limit of 0', 0],
])('EN-17 an ancestor more than 32 blocks back %s by both', async (_, maxReorgDepth) => {
  const network = await startNetwork(maxReorgDepth);
  const { driver } = network;
  const blocks: DriverBlock[] = [];
  for (let i = 0; i < 40; i++) {
    blocks.push(await extend(network, i % 2 === 0 ? 'geth' : 'ours', 0, 30));
  }
  const [far, near] = [blocks[39 - 33], blocks[39 - 32]] as [DriverBlock, DriverBlock];
  const expected = maxReorgDepth === 0 ? valid(far) : both('-38006');
  expect(await driver.choose(far)).toEqual(expected);
  expect(await driver.choose(near)).toEqual(valid(near));
});

test('EN-07 EN-08 duplicated, reordered and concurrent calls end in the same head', async () => {
  const network = await startNetwork();
  const { driver } = network;
  const blocks: DriverBlock[] = [];
  for (let i = 0; i < 6; i++) blocks.push(await extend(network, i % 2 === 0 ? 'geth' : 'ours'));
  const [first, last] = [blocks[0], blocks.at(-1)] as [DriverBlock, DriverBlock];
  const copies = await Promise.all(Array.from({ length: 20 }, () => driver.send(last)));
  expect(copies).toEqual(Array(20).fill(valid(last)));
  const reordered = await Promise.all(blocks.toReversed().map((block) => driver.send(block)));
  expect(reordered).toEqual(blocks.toReversed().map(valid));
  const heads = await Promise.all([driver.choose(last), driver.send(first), driver.choose(last), driver.send(last)]);
  expect(heads).toEqual([valid(last), valid(first), valid(last), valid(last)]);
  expect(await driver.choose(last)).toEqual(valid(last));
});

test('EN-37 after kills between newPayload and forkchoiceUpdated no valid and no finalized block is lost', async () => {
  const datadir = scene.newDatadir();
  const geth = await scene.startGeth({ blocks: false });
  const { payloads, genesisHash } = scene.chain;
  const hashOf = (number: number): string => paramsOf(payloads[number])[0].blockHash;
  for (let next = 1; next <= 41; next += 10) {
    const { program, engine } = await scene.startEngineNode([], datadir);
    const driver = new ConsensusDriver({ geth: geth.engine, ours: engine }, genesisHash);
    const choose = (head: number): Promise<Outcomes> => {
      const name = payloads[head]?.method.replace('engine_', '') ?? '';
      const finalized = head > 5 ? hashOf(head - 5) : `0x${'00'.repeat(32)}`;
      const state = { headBlockHash: hashOf(head), safeBlockHash: finalized, finalizedBlockHash: finalized };
      return driver.askAll(chooseOf(name), [state, null]);
    };
    if (next > 1) {
      const { result } = await askEngine(engine, { method: 'eth_getBlockByNumber', params: ['finalized', false] });
      expect(result).toMatchObject({ hash: hashOf(next - 7) });
      // The block that was sent before the kill; the answer is SYNCING until the state has been built again.
      const answer = both(`VALID ${hashOf(next - 1)}`);
      await expect.poll(() => choose(next - 1), { timeout: 20_000 }).toEqual(answer);
    }
    for (let number = next; number < next + 10; number++) {
      const { method, params } = payloads[number] as { method: string; params: readonly unknown[] };
      const answer = both(`VALID ${hashOf(number)}`);
      expect(await driver.askAll(method.replace('engine_', ''), params)).toEqual(answer);
      if (number < next + 9) expect(await choose(number)).toEqual(answer);
    }
    program.kill('SIGKILL');
    await program.exited;
  }
});

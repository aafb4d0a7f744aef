import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BlockError } from '../../src/errors/chain-error.ts';
import { StateError } from '../../src/errors/state-error.ts';
import type { Executor } from '../../src/execution/executor.ts';
import { startDirectExecution } from '../../src/execution/worker/direct-execution.ts';
import {
  type ExecutionBackend,
  maxWaitingBytes,
  openExecutorClient,
  type RestartEvent,
} from '../../src/execution/worker/executor-client.ts';
import { crypto, encodeFields, makeChain, makeGenesis, nextBlock } from '../chain/make-blocks.ts';
import { createFakeProcessor, type FakeDisk, type FakeProcessor, fakeParts } from './fake-execution.ts';

const genesis = makeGenesis('prague');
const { config } = genesis;
const blocks = makeChain(config, genesis.header, 300);
const all = [genesis.header, ...blocks.map(({ header }) => header)];
const receipts = new Map(blocks.map((block) => [toHex(block.header.hash), block.receipts]));

interface Scene {
  readonly executor: Executor;
  readonly clock: VirtualClock;
  readonly processor: FakeProcessor;
  readonly disk: FakeDisk;
  readonly restarts: RestartEvent[];
  readonly failures: Error[];
  /** Requests for ancestors. */
  readonly asked: { hash: string; count: number }[];
}

async function scene(wrap: (backend: ExecutionBackend) => ExecutionBackend = (same) => same): Promise<Scene> {
  const disk = { head: genesis.header };
  const processor = createFakeProcessor((hash) => receipts.get(hash));
  const [restarts, failures, asked]: [RestartEvent[], Error[], Scene['asked']] = [[], [], []];
  const clock = createVirtualClock({ now: 0 });
  const executor = await openExecutorClient({
    start: () => wrap(startDirectExecution(fakeParts(disk, genesis.header, processor))),
    source: {
      async ancestors(hash, count) {
        asked.push({ hash: toHex(hash), count });
        const position = all.findIndex((header) => toHex(header.hash) === toHex(hash));
        return all
          .slice(Math.max(0, position - count), position)
          .map((header) => header.hash)
          .reverse();
      },
    },
    crypto,
    clock,
    onRestart: (event) => restarts.push(event),
  });
  void executor.failed.then((error) => failures.push(error));
  onTestFinished(() => executor.close());
  return { executor, clock, processor, disk, restarts, failures, asked };
}

/** Hands over blocks without waiting. */
const run = ({ executor }: Scene, first: number, last: number) =>
  blocks.slice(first - 1, last).map((block, i) => {
    const result = Promise.resolve(executor.execute(block, all[first - 1 + i] as (typeof all)[number]));
    result.catch(() => {});
    return result;
  });

test('ND-07 blocks are executed in order, with the hashes of 256 ancestors', async () => {
  const it = await scene();
  const results = await Promise.all(run(it, 1, 300));
  expect(results.map((result) => toHex(result.receipts?.raw ?? new Uint8Array()))).toEqual(
    blocks.map((block) => toHex(block.receipts.raw)),
  );
  expect(it.processor.executed).toEqual(
    blocks.map(({ header: { number } }) => ({
      number,
      half: toHex((all[Math.max(number - 256, Math.floor(number / 2))] as (typeof all)[number]).hash),
    })),
  );
  // The parent of the first block has no ancestors, and the others are known from their execution.
  expect(it.asked).toEqual([]);
  expect(await it.executor.findState([new Uint8Array(32), (all[7] as (typeof all)[number]).hash])).toBe(1);
});

test('ND-07 a block that is invalid on unchecked values of the state is executed again on checked ones', async () => {
  const it = await scene();
  it.processor.damaged.add(2);
  const results = await Promise.all(run(it, 1, 3));
  expect(results).toHaveLength(3);
  expect(it.processor.executed.map(({ number }) => number)).toEqual([1, 2, 3]);
});

test('ND-07 the reason against a block is the same on both sides', async () => {
  const it = await scene();
  it.processor.failures.set(2, new BlockError('blob-gas', 2, 'blob gas used is 1, by execution 2'));
  const [first, second, third] = await Promise.allSettled(run(it, 1, 3));
  expect(first?.status).toBe('fulfilled');
  expect(second).toMatchObject({
    reason: { name: 'BlockError', code: 'blob-gas', number: 2, message: 'block 2: blob gas used is 1, by execution 2' },
  });
  expect((second as PromiseRejectedResult).reason).toBeInstanceOf(BlockError);
  expect(third).toMatchObject({ reason: { name: 'ExecutionError', code: 'no-state' } });
  const wrongRoot = nextBlock(config, genesis.header, {}, { stateRoot: new Uint8Array(32) });
  receipts.set(toHex(wrongRoot.header.hash), wrongRoot.receipts);
  await expect(it.executor.execute(wrongRoot, genesis.header)).rejects.toMatchObject({ code: 'state-root' });
  expect(await it.executor.findState([wrongRoot.header.hash])).toBe(-1);
  expect(it.restarts).toEqual([]);
});

test('ND-07 a failing disk is an error of the state, and the execution continues', async () => {
  const it = await scene();
  it.processor.failures.set(1, new StateError('unusable', '/data/state: no space left on device'));
  await expect(run(it, 1, 1)[0]).rejects.toMatchObject({ name: 'StateError', code: 'unusable' });
  await Promise.all(run(it, 1, 3));
  expect(it.restarts).toEqual([]);
});

test('ND-07 the state is written up to the block of the last commit when it is closed', async () => {
  const it = await scene();
  await Promise.all(run(it, 1, 20));
  for (const number of [3, 8, 18]) await it.executor.commit(all[number] as (typeof all)[number]);
  expect(it.executor.head?.number).toBe(8);
  await it.executor.close();
  expect(it.disk.head.number).toBe(18);
  await expect(it.executor.commit(all[20] as (typeof all)[number])).rejects.toMatchObject({ code: 'closed' });
});

test('ND-14 closing ends blocks that wait', async () => {
  const it = await scene();
  let open = (): void => {};
  it.processor.gate = new Promise((resolve) => {
    open = resolve;
  });
  const results = run(it, 1, 10);
  const closed = it.executor.close();
  open();
  await closed;
  const ends = await Promise.allSettled(results);
  expect(ends.slice(1).map((end) => (end as PromiseRejectedResult).reason.code)).toEqual(Array(9).fill('closed'));
  expect(it.processor.executed.length).toBeLessThanOrEqual(1);
});

test('ND-07 an execution that ends is started again from the state on disk, three times', async () => {
  const it = await scene();
  await Promise.all(run(it, 1, 10));
  await it.executor.commit(all[8] as (typeof all)[number]);
  for (let round = 1; round <= 3; round++) {
    it.processor.failures.set(12, new Error(`fault ${round}`));
    const ends = await Promise.allSettled(run(it, round === 1 ? 11 : 9, 14));
    const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    expect(reasons.length).toBe(3);
    for (const reason of reasons) expect(reason).toMatchObject({ name: 'ExecutionError', code: 'interrupted' });
    expect(it.restarts.at(-1)).toMatchObject({ reason: { message: `fault ${round}` }, attempt: round, maxAttempts: 3 });
    expect(await it.executor.findState([11, 9, 8].map((i) => (all[i] as (typeof all)[number]).hash))).toBe(2);
    expect(it.executor.head?.number).toBe(8);
  }
  // The ancestors of blocks that an earlier execution has executed come from the chain.
  expect(it.asked.at(-1)).toEqual({ hash: toHex((all[8] as (typeof all)[number]).hash), count: 8 });
  expect(it.failures).toEqual([]);
  it.processor.failures.set(12, new Error('fault 4'));
  const ends = await Promise.allSettled(run(it, 9, 14));
  const failed = { name: 'ExecutionError', code: 'failed', message: expect.stringMatching(/4 times.*fault 4$/) };
  expect(ends.slice(3)).toMatchObject(Array(3).fill({ reason: { code: 'interrupted' } }));
  expect(it.failures).toMatchObject([failed]);
  await expect(it.executor.findState([])).rejects.toMatchObject(failed);
});

describe('the count of restarts', () => {
  const hour = 60 * 60_000;
  const number = (n: number) => all[n] as (typeof all)[number];

  /** Executes blocks of which one ends the execution. @param first the block after the one on disk */
  async function fault(it: Scene, first: number): Promise<void> {
    it.processor.failures.set(first + 1, new Error('a fault'));
    await Promise.allSettled(run(it, first, first + 1));
  }

  test('ND-07 starts anew after an hour in which blocks were written', async () => {
    const it = await scene();
    for (let round = 0; round < 6; round++) {
      const first = round * 4 + 1;
      await fault(it, first);
      await fault(it, first);
      expect(it.restarts.slice(-2)).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
      await Promise.all(run(it, first, first + 3));
      await it.executor.commit(number(first + 3));
      expect(it.executor.head?.number).toBe(first + 3);
      await it.clock.advance(hour);
    }
    expect(it.restarts).toHaveLength(12);
    expect(it.failures).toEqual([]);
  });

  test.each<[string, number, boolean]>([
    ['before the hour is over', hour - 1, true],
    ['without a written block', hour, false],
  ])('ND-07 continues %s', async (_, time, isWritten) => {
    const it = await scene();
    let first = 1;
    for (let round = 1; round <= 4; round++) {
      await fault(it, first);
      if (round === 4) break;
      await Promise.all(run(it, first, first + 3));
      if (isWritten) {
        await it.executor.commit(number(first + 3));
        first += 4;
      }
      await it.clock.advance(time);
    }
    expect(it.restarts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(it.failures).toMatchObject([{ code: 'failed' }]);
  });
});

test('ND-07 at most 64 MiB of blocks are with the execution, the others wait', async () => {
  const data = encodeFields([new Uint8Array(9 * 1024 * 1024)]);
  let [held, most] = [0, 0];
  const sizes = new Map<number, number>();
  const counting = (backend: ExecutionBackend): ExecutionBackend => ({
    ...backend,
    blocks: {
      ...backend.blocks,
      post(message, transfer = []) {
        const size = transfer.reduce((sum, part) => sum + (part instanceof ArrayBuffer ? part.byteLength : 0), 0);
        sizes.set((message as { id: number }).id, size);
        held += size;
        most = Math.max(most, held);
        backend.blocks.post(message, transfer);
      },
    },
    control: {
      ...backend.control,
      onMessage: (listener) =>
        backend.control.onMessage((message) => {
          held -= sizes.get((message as { id: number }).id) ?? 0;
          listener(message);
        }),
    },
  });
  const it = await scene(counting);
  const large: ReturnType<typeof nextBlock>[] = [];
  for (let i = 0, parent = genesis.header; i < 12; i++) {
    const block = nextBlock(config, parent, { transactions: [data] });
    receipts.set(toHex(block.header.hash), block.receipts);
    large.push(block);
    parent = block.header;
  }
  let open = (): void => {};
  it.processor.gate = new Promise((resolve) => {
    open = resolve;
  });
  const results = large.map((block) => it.executor.execute(block, genesis.header));
  open();
  await Promise.all(results);
  expect(it.processor.executed.map(({ number }) => number)).toEqual(large.map(({ header }) => header.number));
  expect(most).toBeGreaterThan(maxWaitingBytes / 2);
  expect(most).toBeLessThanOrEqual(maxWaitingBytes);
  expect(held).toBe(0);
});

import { createVirtualClock } from '@devp2p/clock/virtual';
import type { BlobSidecar } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import type { BlockBuilder, BuildRequest, BuiltBlock, NewBlock } from '../../src/chain/interfaces.ts';
import type { PayloadAttributes } from '../../src/engine/params.ts';
import { createPayloadBuilder, type PayloadBuilder } from '../../src/engine/payload-builder.ts';
import { BlockError } from '../../src/errors/chain-error.ts';
import { ExecutionError } from '../../src/errors/execution-error.ts';
import { type Log, silentLogs } from '../../src/logging/log.ts';
import type { PendingTransaction } from '../../src/txpool/transaction-source.ts';
import { makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { signTransaction, testAccount } from '../execution/sign-transaction.ts';
import { pendingOf } from './given-transactions.ts';

const genesis = makeGenesis('prague');
const [first] = makeChain(genesis.config, genesis.header, 1) as [NewBlock];
const parent = first.header;
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

const attributes: PayloadAttributes = {
  timestamp: parent.timestamp + 12,
  prevRandao: bytes(32, 1),
  suggestedFeeRecipient: bytes(20, 2),
  withdrawals: [],
  parentBeaconBlockRoot: bytes(32, 3),
  slotNumber: undefined,
  targetGasLimit: undefined,
};

const account = testAccount(1);
const transaction = pendingOf(signTransaction(account, { chainId: 1234n, nonce: 0, to: bytes(20, 4) }));

interface Build {
  readonly request: BuildRequest;
  readonly finish: AbortSignal | undefined;
}

/** A builder of payloads over builds whose values and durations the test decides about. */
class Scene {
  readonly clock = createVirtualClock();
  readonly builds: Build[] = [];
  readonly logged: string[] = [];
  /** Values of the next blocks with transactions. */
  readonly values: bigint[] = [];
  pending: PendingTransaction[] = [transaction];
  sidecar: BlobSidecar | undefined;
  duration = 100;
  failure: Error | undefined;
  readonly builder: PayloadBuilder;

  constructor(gasTarget?: number) {
    const note = (_: unknown, text: string): void => void this.logged.push(text);
    const log: Log = { ...silentLogs('rpc'), warn: note, error: note };
    const build: BlockBuilder['build'] = (request, finish) => this.#build(request, finish);
    this.builder = createPayloadBuilder({
      chain: { genesis, build },
      clock: this.clock,
      log,
      gasTarget,
      extraData: Uint8Array.of(1, 2),
      transactions: { pending: async () => this.pending, sidecar: async () => this.sidecar },
    });
  }

  async #build(request: BuildRequest, finish: AbortSignal | undefined): Promise<BuiltBlock> {
    this.builds.push({ request, finish });
    if (this.failure !== undefined) throw this.failure;
    const isEmpty = request.transactions.length === 0;
    if (!isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.setTimeout(resolve, this.duration);
        finish?.addEventListener('abort', () => {
          timer.cancel();
          resolve();
        });
      });
    }
    const value = isEmpty ? 0n : (this.values.shift() ?? 1n);
    const included = request.transactions.map((_, position) => position);
    return { ...(first as Required<NewBlock>), accessList: undefined, requests: [], included, refused: [], value };
  }

  start(changes: Partial<PayloadAttributes> = {}, on = parent): Promise<Uint8Array | undefined> {
    return this.builder.start('V3', on, { ...attributes, ...changes });
  }

  async started(changes: Partial<PayloadAttributes> = {}): Promise<Uint8Array> {
    return (await this.start(changes)) as Uint8Array;
  }
}

describe('payload ids', () => {
  test('EN-29 have the version in front; equal attributes have one id and one building', async () => {
    const scene = new Scene();
    const id = await scene.started();
    expect(id).toHaveLength(8);
    expect(id[0]).toBe(3);
    const builds = scene.builds.length;
    expect(await scene.started()).toEqual(id);
    expect(scene.builds).toHaveLength(builds);
  });

  test('EN-29 differ with each attribute, the parent and the version', async () => {
    const scene = new Scene();
    const withdrawal = { index: 1, validatorIndex: 2, address: bytes(20, 5), amount: 6n };
    const changes: Partial<PayloadAttributes>[] = [
      {},
      { timestamp: attributes.timestamp + 1 },
      { prevRandao: bytes(32, 9) },
      { suggestedFeeRecipient: bytes(20, 9) },
      { withdrawals: [withdrawal] },
      { withdrawals: [{ ...withdrawal, amount: 7n }] },
      { parentBeaconBlockRoot: bytes(32, 9) },
      { slotNumber: 1 },
      { slotNumber: 2 },
      { slotNumber: 1, targetGasLimit: 30_000_000 },
    ];
    const ids = new Set<string>();
    for (const change of changes) ids.add(String(await scene.start(change)));
    ids.add(String(await scene.start({}, genesis.header)));
    ids.add(String(await scene.builder.start('V4', parent, attributes)));
    expect(ids.size).toBe(changes.length + 2);
  });
});

describe('building', () => {
  test('EN-30 an empty block is ready at once, and a better one later', async () => {
    const scene = new Scene();
    const id = await scene.started();
    expect(scene.builder.take(id)?.block.value).toBe(0n);
    const other = new Scene();
    const second = await other.started();
    await other.clock.advance(100);
    expect(other.builder.take(second)?.block.value).toBe(1n);
  });

  test('EN-30 it is built again every 2 s, and kept only if it pays more', async () => {
    const scene = new Scene();
    scene.values.push(5n, 3n, 9n, 9n, 4n, 2n);
    const id = await scene.started();
    const times: number[] = [];
    for (let passed = 0; passed < 30_000; passed += 100) {
      const before = scene.builds.length;
      await scene.clock.advance(100);
      if (scene.builds.length > before) times.push(passed + 100);
    }
    // The first one is built at once, and the last one before 12 s.
    expect(times).toEqual([2_000, 4_000, 6_000, 8_000, 10_000]);
    expect(scene.builder.take(id)?.block.value).toBe(9n);
    expect(scene.clock.pending).toBe(0);
  });

  test('EN-30 a build ends after 2 s with the transactions that it has, and the next one follows', async () => {
    const scene = new Scene();
    scene.duration = 60_000;
    scene.values.push(5n, 6n);
    const id = await scene.started();
    await scene.clock.advance(2_000);
    expect(scene.builds).toHaveLength(3);
    expect(scene.builds[1]?.finish?.aborted).toBe(true);
    await scene.clock.advance(2_000);
    expect(scene.builder.take(id)?.block.value).toBe(6n);
  });

  test('EN-07 EN-30 taking a payload ends its building and never waits for it', async () => {
    const scene = new Scene();
    scene.duration = 60_000;
    const id = await scene.started();
    expect(scene.builder.take(id)?.block.value).toBe(0n);
    expect(scene.builds.at(-1)?.finish?.aborted).toBe(true);
    const { length } = scene.builds;
    await scene.clock.advance(20_000);
    expect(scene.builds).toHaveLength(length);
    // The block stays the one that was returned.
    expect(scene.builder.take(id)?.block.value).toBe(0n);
    expect(scene.clock.pending).toBe(0);
  });

  test('EN-30 ten payloads are kept', async () => {
    const scene = new Scene();
    scene.duration = 60_000;
    const ids: Uint8Array[] = [];
    for (let slot = 0; slot < 11; slot++) ids.push(await scene.started({ slotNumber: slot }));
    const [evicted, kept] = ids as [Uint8Array, Uint8Array];
    expect(scene.builder.take(evicted)).toBeUndefined();
    expect(scene.builds[1]?.finish?.aborted).toBe(true);
    expect(scene.builder.take(kept)).toBeDefined();
    scene.builder.close();
    expect(scene.builder.take(kept)).toBeUndefined();
    await scene.clock.advance(60_000);
    expect(scene.clock.pending).toBe(0);
  });

  test('EN-30 transactions that arrive later are in the next build', async () => {
    const scene = new Scene();
    scene.pending = [];
    const id = await scene.started();
    await scene.clock.advance(1_999);
    expect(scene.builds).toHaveLength(1);
    scene.pending = [transaction];
    await scene.clock.advance(200);
    expect(scene.builds.at(-1)?.request.transactions).toEqual([{ raw: transaction.raw, sender: account.address }]);
    expect(scene.builder.take(id)?.block.value).toBe(1n);
  });

  test('EN-30 a build that fails leaves the last block, and is repeated', async () => {
    const scene = new Scene();
    const id = await scene.started();
    await scene.clock.advance(100);
    scene.failure = new ExecutionError('interrupted', 'the worker has ended');
    await scene.clock.advance(2_000);
    expect(scene.logged).toEqual(['failed to improve a payload']);
    scene.failure = undefined;
    scene.values.push(7n);
    await scene.clock.advance(2_000);
    expect(scene.builder.take(id)?.block.value).toBe(7n);
  });

  test('EN-30 blobs are those of the included transactions', async () => {
    const scene = new Scene();
    const blob = bytes(8, 1);
    const sidecar = { version: 0, blobs: [blob], commitments: [blob], proofs: [blob] } as const;
    const hash = bytes(32, 1);
    const raw = signTransaction(account, { chainId: 1234n, nonce: 0, type: 3, to: bytes(20, 4), blobHashes: [hash] });
    scene.pending = [pendingOf(raw, sidecar)];
    const id = await scene.started();
    // The blobs have left the pool meanwhile.
    await scene.clock.advance(100);
    expect(scene.builder.take(id)?.sidecars).toEqual([]);
    scene.sidecar = sidecar;
    const other = await scene.started({ slotNumber: 9 });
    await scene.clock.advance(100);
    expect(scene.builder.take(other)?.sidecars).toEqual([sidecar]);
  });
});

describe('requests', () => {
  test('EN-32 have the attributes, and the gas target of the caller or else of the settings', async () => {
    const scene = new Scene(40_000_000);
    await scene.start();
    expect(scene.builds[0]?.request).toMatchObject({
      parent,
      timestamp: attributes.timestamp,
      beneficiary: attributes.suggestedFeeRecipient,
      mixHash: attributes.prevRandao,
      parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
      gasTarget: 40_000_000,
      extraData: Uint8Array.of(1, 2),
      transactions: [],
    });
    await scene.start({ slotNumber: 9, targetGasLimit: 50_000_000 });
    expect(scene.builds.at(-2)?.request).toMatchObject({ slotNumber: 9, gasTarget: 50_000_000 });
    const byDefault = new Scene();
    await byDefault.start();
    expect(byDefault.builds[0]?.request.gasTarget).toBe(60_000_000);
  });

  test('EN-20 EN-33 attributes without a valid block are refused', async () => {
    const scene = new Scene();
    scene.failure = new BlockError('system-contract', 2, 'the contract of deposits has no code');
    await expect(scene.start()).rejects.toMatchObject({ code: 'invalid-attributes', number: -38003 });
    const withdrawal = { index: 1, validatorIndex: 2, address: bytes(20, 5), amount: 6n };
    scene.failure = undefined;
    const many = scene.start({ withdrawals: Array(300_000).fill(withdrawal) });
    await expect(many).rejects.toMatchObject({ code: 'invalid-attributes' });
  });

  test('EN-30 without a state no payload is built', async () => {
    const scene = new Scene();
    scene.failure = new ExecutionError('no-state', 'no state');
    expect(await scene.start()).toBeUndefined();
    expect(scene.logged).toEqual(['failed to build a payload']);
  });
});

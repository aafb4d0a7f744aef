import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createTransactionGossip, type EthPeer, encodePooledTransaction } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import { createGossipPool } from '../../src/network/transactions/gossip-pool.ts';
import { makeGenesis } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { blobTransaction, versionedHashes } from './blobs.ts';
import { gwei, PoolScene } from './pool-scene.ts';

const [alice, bob, carol] = [testAccount(1), testAccount(2), testAccount(3)];
const open = (options: Parameters<typeof PoolScene.open>[0] = {}): Promise<PoolScene> =>
  PoolScene.open({ directory: temporaryDirectory(), ...options });
const hash = (canonical: Uint8Array): Uint8Array => crypto.keccak256(canonical);
/** A comparison of long bytes by the test's own means takes seconds. */
const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one?.constructor === Uint8Array && Buffer.compare(one, other) === 0;
const conditions = { baseFee: gwei, minTip: 1n, blobFee: 1n, sidecarVersion: 1 } as const;

describe('blob pool', () => {
  test('TP-08 TP-17 a transaction is verified once, kept on disk, and returned as it came', async () => {
    const directory = temporaryDirectory();
    const scene = await open({ directory });
    const { canonical, network, sidecar } = blobTransaction(scene, alice, 0, { blobs: 6 });
    expect(await scene.add(network)).toBe('pending');
    expect(await scene.add(network)).toBe('known');
    expect(scene.chain.verified).toHaveLength(1);
    expect(scene.pool.status).toEqual({ pending: 1, queued: 0, blobs: 1 });
    expect(isSame(await scene.pool.networkForm(hash(canonical)), network)).toBe(true);
    expect(await scene.pool.get(hash(canonical))).toMatchObject({ raw: canonical, size: network.length, type: 3 });
    const read = await scene.pool.sidecar(hash(canonical));
    expect(read?.proofs).toEqual(sidecar.proofs);
    expect(isSame(read?.blobs[5], sidecar.blobs[5] as Uint8Array)).toBe(true);
    expect(await readdir(join(directory, 'blobs', 'pool'))).toEqual([toHex(hash(canonical))]);
    expect(await scene.pool.pending(conditions)).toMatchObject([{ raw: canonical, blobs: { count: 6, version: 1 } }]);
    expect(await scene.pool.nonce(alice.address)).toBe(1n);
  });

  test.each<[string, string, (scene: PoolScene) => Uint8Array]>([
    ['version 0 from Osaka on', 'sidecar', (s) => blobTransaction(s, alice, 0, { version: 0 }).network],
    ['seven blobs', 'blobs', (s) => blobTransaction(s, alice, 0, { blobs: 7 }).network],
    ['no sidecar', 'sidecar', (s) => blobTransaction(s, alice, 0).canonical],
    ['a fee per blob gas of 0', 'underpriced', (s) => blobTransaction(s, alice, 0, { maxBlobFee: 0n }).network],
  ])('TP-08 a transaction with %s is refused before its proofs are verified', async (_, code, make) => {
    const scene = await open();
    expect(await scene.add(make(scene))).toBe(code);
    expect(scene.chain.verified).toHaveLength(0);
  });

  test('TP-08 TP-09 blobs with false proofs cost the connection, and nothing is stored', async () => {
    const directory = temporaryDirectory();
    const scene = await open({ directory });
    scene.chain.hasValidProofs = false;
    const { network } = blobTransaction(scene, alice, 0);
    expect(await createGossipPool(scene.pool).add([network])).toEqual(['invalid']);
    expect(await readdir(join(directory, 'blobs', 'pool'))).toEqual([]);
    expect(scene.pool.has(hash(network))).toBe(false);
  });

  test.each<[string, Parameters<typeof blobTransaction>[3]]>([
    ['', {}],
    [', also of one that is underpriced', { tip: 0n }],
    [', also of one with too little gas', { gas: 20_999 }],
    [', also of one with too many blobs', { blobs: 7 }],
  ])('TP-26 hashes that are not those of the commitments end the peer%s', async (_, fields) => {
    const scene = await open();
    const { canonical, sidecar } = blobTransaction(scene, alice, 0, fields);
    const [first, ...others] = sidecar.commitments.map((commitment) => commitment.slice()) as [Uint8Array];
    first[20] = (first[20] as number) ^ 1;
    const network = encodePooledTransaction(canonical, { ...sidecar, commitments: [first, ...others] });
    const pool = createGossipPool(scene.pool);
    const gossip = createTransactionGossip({ pool, crypto, clock: scene.clock });
    const hashes = [hash(canonical)];
    const peer: Partial<EthPeer> = {
      id: new Uint8Array(64),
      getPooledTransactions: async () => [{ hash: hashes[0] as Uint8Array, transaction: network }],
    };
    const ended = new Promise((resolve) => {
      const exchange = gossip.connected(peer as EthPeer, resolve);
      exchange.announced({ hashes, types: Uint8Array.of(3), sizes: [network.length] });
    });
    expect(await ended).toMatchObject({ code: 'invalid-transactions', reason: 'breach-of-protocol' });
    expect(await scene.add(network)).toBe('sidecar');
    expect(scene.chain.verified).toHaveLength(0);
    gossip.close();
  });

  test('TP-08 version 0 is taken before Osaka, and converted for a local user afterwards', async () => {
    const before = await open({ genesis: makeGenesis('prague') });
    expect(await before.add(blobTransaction(before, alice, 0, { version: 0 }).network)).toBe('pending');
    const scene = await open();
    const { network, canonical } = blobTransaction(scene, alice, 0, { version: 0, blobs: 2 });
    expect(await scene.add(network)).toBe('sidecar');
    expect(await scene.add(network, true)).toBe('pending');
    const sidecar = await scene.pool.sidecar(hash(canonical));
    expect(sidecar).toMatchObject({ version: 1, proofs: { length: 256 } });
    expect(scene.chain.verified).toMatchObject([{ version: 0 }]);
  });

  test('TP-05 a replacement doubles all three prices', async () => {
    const scene = await open();
    const prices = (factor: bigint, changes = {}) => ({
      tip: factor * gwei,
      maxFee: factor * 10n * gwei,
      maxBlobFee: factor * gwei,
      ...changes,
    });
    const first = blobTransaction(scene, alice, 0, prices(1n));
    expect(await scene.add(first.network)).toBe('pending');
    expect(await scene.add(blobTransaction(scene, alice, 0, prices(2n, { tip: 2n * gwei - 1n })).network)).toBe(
      'replacement',
    );
    expect(await scene.add(blobTransaction(scene, alice, 0, prices(2n, { maxBlobFee: gwei })).network)).toBe(
      'replacement',
    );
    expect(await scene.add(blobTransaction(scene, alice, 0, prices(2n, { maxFee: 19n * gwei })).network)).toBe(
      'replacement',
    );
    expect(await scene.add(blobTransaction(scene, alice, 0, prices(2n)).network)).toBe('pending');
    expect(scene.dropped).toEqual([{ hash: hash(first.canonical), reason: 'replaced' }]);
    expect(await scene.pool.networkForm(hash(first.canonical))).toBeUndefined();
  });

  test('TP-06 a sender has transactions of one kind, until the last has left', async () => {
    const scene = await open();
    expect(await scene.add(blobTransaction(scene, alice, 0).network)).toBe('pending');
    expect(await scene.add(scene.sign(alice, 1))).toBe('reserved');
    expect(await scene.add(scene.sign(bob, 0))).toBe('pending');
    expect(await scene.add(blobTransaction(scene, bob, 1).network)).toBe('reserved');
    scene.fund(alice, { nonce: 1n });
    scene.fund(bob, { nonce: 1n });
    await scene.block();
    expect(await scene.add(scene.sign(alice, 1))).toBe('pending');
    expect(await scene.add(blobTransaction(scene, bob, 1).network)).toBe('pending');
  });

  test('TP-17 an account has 16 transactions without gaps', async () => {
    const scene = await open();
    for (let nonce = 0; nonce < 16; nonce++) {
      expect(
        await scene.add(blobTransaction(scene, alice, nonce, { maxFee: 2n * gwei, maxBlobFee: gwei }).network),
      ).toBe('pending');
    }
    expect(await scene.add(blobTransaction(scene, alice, 16, { maxFee: 2n * gwei, maxBlobFee: gwei }).network)).toBe(
      'account-limit',
    );
  });

  test('TP-17 a gapped transaction waits a minute for the one before it', async () => {
    const scene = await open();
    const first = blobTransaction(scene, alice, 0);
    expect(await scene.add(blobTransaction(scene, alice, 2).network)).toBe('queued');
    expect(await scene.add(blobTransaction(scene, alice, 1).network)).toBe('queued');
    expect(scene.pool.status).toEqual({ pending: 0, queued: 2, blobs: 0 });
    await scene.clock.advance(59_000);
    expect(await scene.add(first.network)).toBe('pending');
    expect(scene.pool.status).toEqual({ pending: 3, queued: 0, blobs: 3 });
    expect(await scene.add(blobTransaction(scene, bob, 1).network)).toBe('queued');
    await scene.clock.advance(60_000);
    expect(scene.pool.status).toEqual({ pending: 3, queued: 0, blobs: 3 });
  });

  test('TP-17 unreadable files are dropped at the start, and the others are pooled', async () => {
    const directory = temporaryDirectory();
    const scene = await open({ directory });
    const kept = blobTransaction(scene, alice, 0);
    const short = blobTransaction(scene, bob, 0);
    const later = blobTransaction(scene, carol, 0);
    for (const { network } of [kept, short, later]) await scene.add(network);
    await scene.pool.close();
    const files = join(directory, 'blobs', 'pool');
    await truncate(join(files, toHex(hash(short.canonical))), 1_000);
    await writeFile(join(files, `${'ab'.repeat(32)}.new`), 'unfinished');
    await writeFile(join(files, 'cd'.repeat(32)), 'not one of ours');
    // The state has moved on meanwhile.
    const again = await open({ directory });
    expect(again.pool.status).toEqual({ pending: 2, queued: 0, blobs: 2 });
    expect(isSame(await again.pool.networkForm(hash(kept.canonical)), kept.network)).toBe(true);
    expect((await readdir(files)).sort()).toEqual([kept, later].map(({ canonical }) => toHex(hash(canonical))).sort());
  });

  test('TP-18 in a full pool the account that is farthest from payable loses its last one', async () => {
    const scene = await open({ blobCapacity: 420_000 });
    await scene.block([], { baseFeePerGas: 100n * gwei });
    const near = blobTransaction(scene, alice, 0, { maxFee: 300n * gwei });
    const far = blobTransaction(scene, bob, 0, { maxFee: 20n * gwei });
    const farther = blobTransaction(scene, bob, 1, { maxFee: 10n * gwei });
    for (const { network } of [near, far, farther]) expect(await scene.add(network)).toBe('pending');
    const cheap = blobTransaction(scene, carol, 0, { maxFee: 5n * gwei });
    expect(await scene.add(cheap.network)).toBe('underpriced');
    expect(scene.chain.verified).toHaveLength(3);
    const dear = blobTransaction(scene, carol, 0, { maxFee: 200n * gwei });
    expect(await scene.add(dear.network)).toBe('pending');
    expect(scene.dropped).toEqual([{ hash: hash(farther.canonical), reason: 'underpriced' }]);
    expect(scene.pool.status.blobs).toBe(3);
  });

  test('TP-19 only transactions within a step of payable are announced, once', async () => {
    const scene = await open();
    await scene.block([], { baseFeePerGas: 100n * gwei, gasUsed: 15_000_000 });
    const base = 100n * gwei;
    const payable = blobTransaction(scene, alice, 0, { maxFee: base + gwei });
    const near = blobTransaction(scene, bob, 0, { maxFee: (base * 10n) / 11n });
    const far = blobTransaction(scene, carol, 0, { maxFee: base / 2n });
    for (const { network } of [payable, near, far]) await scene.add(network);
    expect(scene.announced).toEqual([payable, near].map(({ canonical }) => toHex(hash(canonical))));
    await scene.block([], { baseFeePerGas: base / 2n, gasUsed: 15_000_000 });
    expect(scene.announced).toEqual([payable, near, far].map(({ canonical }) => toHex(hash(canonical))));
    await scene.block([], { baseFeePerGas: base, gasUsed: 15_000_000 });
    await scene.block([], { baseFeePerGas: base / 2n, gasUsed: 15_000_000 });
    expect(scene.announced).toHaveLength(3);
  });

  test('TP-20 an included transaction comes back with its blobs after a reorganization, until its block is final', async () => {
    const scene = await open();
    const parent = scene.chain.head;
    const { canonical, network } = blobTransaction(scene, alice, 0);
    await scene.add(network);
    const before = new Map(scene.states);
    scene.fund(alice, { nonce: 1n });
    await scene.block([canonical]);
    expect(scene.pool.has(hash(canonical))).toBe(false);
    expect(scene.dropped).toEqual([{ hash: hash(canonical), reason: 'included' }]);
    const other = scene.chain.make([], before, { extraData: Uint8Array.of(7) }, parent);
    await scene.setHead(other);
    expect(isSame(await scene.pool.networkForm(hash(canonical)), network)).toBe(true);
    expect(scene.chain.verified).toHaveLength(1);
    // On the other branch it is included as well, and final there.
    const next = scene.chain.make([canonical], scene.states, {}, other);
    await scene.setHead(next);
    scene.chain.finalized = { number: next.number, hash: next.hash };
    await scene.setHead(scene.chain.make([], scene.states, {}, next));
    await scene.setHead(scene.chain.make([], before, { extraData: Uint8Array.of(8) }, other));
    expect(await scene.pool.networkForm(hash(canonical))).toBeUndefined();
  });

  test('EN-24 blobs are found by their versioned hashes', async () => {
    const scene = await open();
    const { network, sidecar } = blobTransaction(scene, alice, 0, { blobs: 3 });
    await scene.add(network);
    const hashes = versionedHashes(sidecar);
    const [second, missing] = await scene.pool.blobs([hashes[1] as Uint8Array, new Uint8Array(32)]);
    expect(second).toMatchObject({ version: 1, proofs: sidecar.proofs.slice(128, 256) });
    expect(isSame(second?.blob, sidecar.blobs[1] as Uint8Array)).toBe(true);
    expect(missing).toBeUndefined();
  });
});

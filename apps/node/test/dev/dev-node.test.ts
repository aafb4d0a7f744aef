import { existsSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type BlobSidecar, encodePooledTransaction, signTransaction, type UnsignedTransaction } from '@devp2p/eth';
import { expect, onTestFinished, test } from 'vitest';
import { type DevNode, openDevNode } from '../../src/dev/dev-node.ts';
import type { DevSettings } from '../../src/dev/dev-options.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { versionedHashes } from '../txpool/blobs.ts';

const local = { host: '127.0.0.1', port: 0, discovery: false, executionThreads: false } as const;

async function openDev(settings: DevSettings = {}, node: Partial<NodeSettings> = {}): Promise<DevNode> {
  const dev = await openDevNode({ settings, node: { ...local, datadir: temporaryDirectory(), ...node } });
  onTestFinished(() => dev.close());
  return dev;
}

async function follow(dev: DevNode, peers: readonly Node[], datadir = temporaryDirectory()): Promise<Node> {
  const node = await createNode({
    ...local,
    datadir,
    genesis: dev.genesisFile,
    blockGossip: true,
    staticNodes: peers.map(({ enode }) => enode),
  });
  onTestFinished(() => node.close());
  return node;
}

/** Resolves when a node has the head. */
function hasHead({ chain }: Node, hash: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (toHex(chain.head.hash) !== toHex(hash)) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = chain.onHead(look);
    look();
  });
}

function transfer({ accounts }: DevNode, nonce: number, given: Partial<UnsignedTransaction> = {}): Uint8Array {
  const [from, to] = accounts;
  if (from === undefined || to === undefined) throw new Error('no account');
  const fees = { maxFeePerGas: 10_000_000_000n, maxPriorityFeePerGas: 1n };
  const fields = { chainId: 1337n, nonce: BigInt(nonce), gas: 21_000n, to: to.address, value: 5n, ...fees, ...given };
  return signTransaction(fields as UnsignedTransaction, from.privateKey, crypto);
}

/** A blob of zeros, whose commitment and proofs are the point at infinity. */
function zeroBlob(): BlobSidecar {
  const infinity = new Uint8Array(48);
  infinity[0] = 0xc0;
  const proofs = Array.from({ length: 128 }, () => infinity);
  return { version: 1, blobs: [new Uint8Array(131_072)], commitments: [infinity], proofs };
}

test('ET-13 EN-34 nodes follow a development chain over the network, and execute every block', async () => {
  const dev = await openDev();
  for (let i = 0; i < 3; i++) await dev.producer.mine([transfer(dev, i)]);
  // The second follower is connected to the first one only.
  const first = await follow(dev, [dev.node]);
  const second = await follow(dev, [first]);
  await hasHead(first, dev.node.chain.head.hash);
  await hasHead(second, dev.node.chain.head.hash);
  for (let i = 3; i < 6; i++) {
    const { header } = await dev.producer.mine([transfer(dev, i)]);
    await Promise.all([first, second].map((node) => hasHead(node, header.hash)));
  }
  const recipient = dev.accounts[1]?.address as Uint8Array;
  const balances = await Promise.all([dev.node, first, second].map(({ chain }) => chain.account(recipient)));
  expect(new Set(balances.map((account) => account?.balance))).toEqual(new Set([10_000n * 10n ** 18n + 30n]));
});

test('ET-13 a longer branch replaces the chain of the followers', async () => {
  const dev = await openDev();
  const follower = await follow(dev, [dev.node]);
  const base = await dev.producer.mine();
  let last = base;
  for (let i = 0; i < 4; i++) last = await dev.producer.mine([transfer(dev, i)]);
  await hasHead(follower, last.header.hash);
  let parent = base.header.hash;
  for (let i = 0; i < 5; i++) {
    last = await dev.producer.mine([], { parent, extraData: Uint8Array.of(7) });
    parent = last.header.hash;
  }
  expect(dev.node.chain.head.hash).toEqual(parent);
  await hasHead(follower, parent);
  expect(await follower.chain.account(dev.accounts[0]?.address as Uint8Array)).toMatchObject({ nonce: 0n });
});

test('EN-34 a development chain in a directory continues after a restart, and keeps its genesis', async () => {
  const datadir = temporaryDirectory();
  const first = await openDev({}, { datadir });
  const { header } = await first.producer.mine([transfer(first, 0)]);
  expect(existsSync(first.genesisFile)).toBe(true);
  await first.close();
  await expect(openDev({ accounts: 3 }, { datadir })).rejects.toMatchObject({ code: 'other-genesis' });
  const second = await openDev({}, { datadir });
  expect(second.node.chain.head.hash).toEqual(header.hash);
  expect((await second.producer.mine([transfer(second, 1)])).header.number).toBe(2);
});

test('EN-34 ND-16 a development node without peers does not wait', async () => {
  const dev = await openDev();
  expect(dev.node.state()).toEqual({ name: 'synced' });
  await dev.producer.mine();
  expect(dev.node.state()).toEqual({ name: 'synced' });
});

test.each<[string, Partial<NodeSettings>]>([
  ['host', { host: '0.0.0.0' }],
  ['http', { http: { host: '192.0.2.1', port: 0 } }],
  ['ws', { ws: { host: '::', port: 0 } }],
  ['metrics', { metrics: { host: '0.0.0.0', port: 0 } }],
])('EN-34 a development chain has no listener outside of loopback: %s', async (name, node) => {
  const error = await openDev({}, node).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'DevError', code: 'public-listener' });
  expect((error as Error).message).toContain(name);
});

test('ET-13 blocks of peers are not followed on a public network', async () => {
  const datadir = temporaryDirectory();
  const attempt = createNode({ ...local, datadir, network: 'sepolia', blockGossip: true });
  await expect(attempt).rejects.toMatchObject({ code: 'invalid-option' });
});

test('EN-34 TP-34 a block has the transactions of the pool, as soon as there are some', async () => {
  const dev = await openDev({ interval: 'transactions' });
  const made = new Promise((resolve) => dev.producer.onBlock(resolve));
  const [result] = (await dev.node.pool?.add([transfer(dev, 0)], { local: true })) ?? [];
  expect(result).toMatchObject({ status: 'added', isPending: true });
  expect(await made).toMatchObject({ header: { number: 1 }, receipts: [{ outcome: true }] });
  await dev.node.pool?.settled();
  expect(dev.node.pool?.status).toEqual({ pending: 0, queued: 0, blobs: 0 });
});

test('EN-34 a block has blob transactions of the pool', async () => {
  const dev = await openDev();
  const sidecar = zeroBlob();
  const blobVersionedHashes = versionedHashes(sidecar);
  const raw = transfer(dev, 0, { type: 3, maxFeePerBlobGas: 10n ** 9n, blobVersionedHashes });
  const [result] = (await dev.node.pool?.add([encodePooledTransaction(raw, sidecar)])) ?? [];
  expect(result).toMatchObject({ status: 'added' });
  const { header, receipts } = await dev.producer.mine();
  expect(header.blobGasUsed).toBe(131_072);
  expect(receipts.map(({ type, outcome }) => [type, outcome])).toEqual([[3, true]]);
  expect(dev.producer.waiting).toBe(0);
});

test('EN-34 transactions that are handed over wait in the pool, and are refused by its rules', async () => {
  const dev = await openDev();
  await dev.producer.mine([transfer(dev, 0)]);
  await dev.node.pool?.settled();
  const hash = await dev.producer.add(transfer(dev, 1));
  expect(dev.node.pool?.has(hash)).toBe(true);
  // The same one once more is no error.
  expect(await dev.producer.add(transfer(dev, 1))).toEqual(hash);
  expect(dev.producer.waiting).toBe(1);
  const refusals: [string | undefined, Uint8Array][] = [
    ['transaction-nonce', transfer(dev, 0)],
    ['balance', transfer(dev, 2, { value: 10n ** 24n })],
    ['chain-id', transfer(dev, 2, { chainId: 1n })],
    ['intrinsic-gas', transfer(dev, 2, { gas: 20_999n })],
    ['transaction', Uint8Array.of(0xc0)],
    [undefined, transfer(dev, 1, { value: 6n })],
  ];
  for (const [transaction, raw] of refusals) {
    const error = await dev.producer.add(raw).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: 'DevError', code: 'transaction-refused', transaction });
  }
  expect((await dev.producer.mine()).receipts).toHaveLength(1);
  expect(dev.producer.waiting).toBe(0);
  await dev.producer.close();
  await expect(dev.producer.add(transfer(dev, 2))).rejects.toMatchObject({ code: 'closed' });
});

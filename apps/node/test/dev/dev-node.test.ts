import { existsSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { signTransaction } from '@devp2p/eth';
import { expect, onTestFinished, test } from 'vitest';
import { type DevNode, openDevNode } from '../../src/dev/dev-node.ts';
import type { DevSettings } from '../../src/dev/dev-options.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

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

function transfer({ accounts }: DevNode, nonce: number): Uint8Array {
  const [from, to] = accounts;
  if (from === undefined || to === undefined) throw new Error('no account');
  const fees = { maxFeePerGas: 10_000_000_000n, maxPriorityFeePerGas: 1n };
  const fields = { chainId: 1337n, nonce: BigInt(nonce), gas: 21_000n, to: to.address, value: 5n, ...fees };
  return signTransaction(fields, from.privateKey, crypto);
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

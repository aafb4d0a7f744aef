import { setImmediate as turn } from 'node:timers/promises';
import { toHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { parseEnode } from '@devp2p/enr';
import { type BlockAnnouncement, type Chain, encodeBlock, eth, type Header, type SealedHeader } from '@devp2p/eth';
import { openPeer, type PeerEnd } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DevNode, openDevNode } from '../../src/dev/dev-node.ts';
import type { NodeBlocks } from '../../src/network/blocks/block-exchange.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { StoredBlock } from '../../src/storage/block-records.ts';
import { makeBody, nextHeader, transfer } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

const local = { host: '127.0.0.1', port: 0, discovery: false, executionThreads: false } as const;

/** A development chain of ten blocks, and a node that follows it and is attacked. */
interface Scene {
  readonly dev: DevNode;
  readonly node: Node;
}

async function open(): Promise<Scene> {
  const dev = await openDevNode({ settings: {}, node: { ...local, datadir: temporaryDirectory() } });
  onTestFinished(() => dev.close());
  for (let i = 0; i < 10; i++) await dev.producer.mine();
  const node = await createNode({
    ...local,
    datadir: temporaryDirectory(),
    genesis: dev.genesisFile,
    blockGossip: true,
    staticNodes: [dev.node.enode],
  });
  onTestFinished(() => node.close());
  await hasHead(node, dev.node.chain.head.hash);
  return { dev, node };
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

interface Attacker {
  readonly closed: Promise<PeerEnd>;
  /** Headers that the node has requested. */
  readonly requests: number;
  send(header: SealedHeader, body?: Uint8Array): Promise<void>;
  announce(blocks: readonly BlockAnnouncement[]): Promise<void>;
}

/** A peer with the head of the node, or another range, which has none of the blocks that it sends. */
async function attack({ node }: Scene, range: Chain['range'] = node.chain.range): Promise<Attacker> {
  let requests = 0;
  const { chain } = node;
  const none: Chain = {
    networkId: chain.networkId,
    genesisHash: chain.genesisHash,
    forks: chain.forks,
    range,
    headers: async () => {
      requests++;
      return [];
    },
    bodies: async () => [],
    receipts: async () => [],
    onHead: () => () => {},
  };
  const ignored = { announced: () => {}, received: () => {}, disconnected: () => {} };
  const stream = await connect(parseEnode(node.enode), { privateKey: generatePrivateKey(), crypto });
  const peer = await openPeer(stream, { protocols: [eth({ chain: none, blocks: { connected: () => ignored } })] });
  await peer.eth.status;
  // The node may have disconnected already.
  const ignore = (): void => {};
  return {
    closed: peer.closed,
    get requests() {
      return requests;
    },
    send: (header, body = makeBody({}, true).raw) =>
      peer.eth.sendNewBlock({ block: encodeBlock(header.raw, body), totalDifficulty: 2n ** 60n }).catch(ignore),
    announce: (blocks) => peer.eth.sendNewBlockHashes(blocks).catch(ignore),
  };
}

const child = ({ node }: Scene, parent: SealedHeader, changes: Partial<Record<keyof Header, unknown>> = {}) =>
  nextHeader(node.chain.genesis.config, parent, changes);

const random = (): Uint8Array => crypto.keccak256(generatePrivateKey());

/** Checks that the node has followed no block of the attack, holds none, and follows the next block of its chain. */
async function expectUnharmed({ dev, node }: Scene): Promise<void> {
  expect(toHex(node.chain.head.hash)).toBe(toHex(dev.node.chain.head.hash));
  const { header } = await dev.producer.mine();
  await hasHead(node, header.hash);
  // The head changes before the import ends.
  const { gossip } = node.blocks as NodeBlocks;
  while (gossip.pending().blocks > 0) await turn();
  expect(gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
  expect(node.peers.list().some(({ isStatic }) => isStatic)).toBe(true);
}

test('ET-13 HX-15 blocks are exchanged while no peer has the head that a peer announces', async () => {
  const scene = await open();
  const { dev, node } = scene;
  await attack(scene, () => ({ ...node.chain.range(), latest: 2 ** 30, latestHash: random() }));
  while (node.sync.missing?.what !== 'head') await turn();
  for (let i = 0; i < 3; i++) await hasHead(node, (await dev.producer.mine()).header.hash);
  expect(node.sync.missing).toEqual({ what: 'head' });
});

describe('--eth.blockgossip against hostile peers', () => {
  test.each<[string, Partial<Record<keyof Header, unknown>>]>([
    ['another difficulty', { difficulty: 1n }],
    ['the highest difficulty', { difficulty: 2n ** 64n - 1n }],
    ['another base fee', { baseFeePerGas: 7n }],
    ['the time of its parent', { timestamp: 0 }],
    ['another withdrawals root', { withdrawalsRoot: new Uint8Array(32).fill(1) }],
  ])('ET-13 HX-15 a block with %s ends its sender, and is not executed', async (_, changes) => {
    const it = await open();
    const attacker = await attack(it);
    const { head } = it.node.chain;
    const header = child(it, head, changes.timestamp === 0 ? { timestamp: head.timestamp } : changes);
    await attacker.send(header);
    expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    expect(await it.node.chain.headerByHash(header.hash)).toBeUndefined();
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 a block with another body than its header names ends its sender', async () => {
    const it = await open();
    const attacker = await attack(it);
    const body = makeBody({ transactions: [transfer(0)] }, true);
    await attacker.send(child(it, it.node.chain.head), body.raw);
    expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 blocks with a wrong state root are executed, not stored, and end their sender', async () => {
    const it = await open();
    const attacker = await attack(it);
    const { head } = it.node.chain;
    const invalid = Array.from({ length: 20 }, (_, i) => child(it, head, { extraData: Uint8Array.of(i) }));
    for (const header of invalid) await attacker.send(header);
    expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol' });
    for (const { hash } of invalid) expect(await it.node.chain.headerByHash(hash)).toBeUndefined();
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 thousands of blocks with unknown parents are not kept, and end their senders', async () => {
    const it = await open();
    const { head } = it.node.chain;
    let [sent, requests] = [0, 0];
    for (let id = 0; sent < 3_000; id++) {
      const attacker = await attack(it);
      const flood = Array.from({ length: 200 }, (_, i) =>
        child(it, head, { number: head.number + 1 + (i % 20), parentHash: random(), extraData: Uint8Array.of(id) }),
      );
      // At once, so that the node has them before it has found out about the first one.
      await Promise.all(flood.map((header) => attacker.send(header)));
      sent += flood.length;
      expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
      requests += attacker.requests;
    }
    // Each sender was asked for few of the parents.
    expect(requests).toBeLessThan(sent / 3);
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 announcements of blocks that do not exist are bounded, and end their senders', async () => {
    const it = await open();
    const { number } = it.node.chain.head;
    for (let id = 0; id < 5; id++) {
      const attacker = await attack(it);
      await attacker.announce(Array.from({ length: 1_024 }, () => ({ hash: random(), number: number + 1 })));
      expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    }
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 the same announcement again and again ends its sender', async () => {
    const it = await open();
    const attacker = await attack(it);
    const { number, hash } = it.node.chain.head;
    for (let i = 0; i < 20; i++) await attacker.announce(new Array(50).fill({ hash, number }));
    expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 the same block again and again ends its sender', async () => {
    const it = await open();
    const attacker = await attack(it);
    const { header, body } = (await it.node.chain.block(it.node.chain.head.number)) as StoredBlock;
    for (let i = 0; i < 100; i++) await attacker.send(header, body);
    expect(await attacker.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    await expectUnharmed(it);
  });

  test('ET-13 HX-15 blocks and announcements far from the head are not kept, and end their sender', async () => {
    const it = await open();
    const { head } = it.node.chain;
    const blocks = await attack(it);
    const far = (i: number) => child(it, head, { number: 2 ** 40 + i, parentHash: random() });
    for (let i = 0; i < 200; i++) await blocks.send(far(i));
    expect(await blocks.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    const hashes = await attack(it);
    await hashes.announce(Array.from({ length: 1_024 }, (_, i) => ({ hash: random(), number: 2 ** 50 - i })));
    expect(await hashes.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
    await expectUnharmed(it);
    expect(it.node.sync.target?.number ?? 0).toBeLessThan(2 ** 40);
  });
});

import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { eth } from '@devp2p/eth';
import { type MessageStream, openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { expect, onTestFinished, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { blocks } from '../sync/demo-blocks.ts';

const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));

/** Starts a node on the demo's chain. */
async function start(options: Partial<NodeSettings> = {}): Promise<Node> {
  const node = await createNode({
    datadir: join(temporaryDirectory(), 'node'),
    genesis: `${demo}genesis.json`,
    host: '127.0.0.1',
    port: 0,
    discovery: false,
    ...options,
  });
  onTestFinished(() => node.close());
  return node;
}

test('ND-07 ND-08 a node serves blocks while it executes an import, and a node that syncs from it makes the receipts', async () => {
  const serving = await start();
  const other = await start({ staticNodes: [serving.enode], executionThreads: false, execution: false });
  const [peer] = await once(other, 'peer');
  let isImported = false;
  const imported = importFile(serving.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto }).then(() => {
    isImported = true;
  });
  let served = 0;
  while (!isImported) {
    const [genesis] = await peer.eth.getHeaders({ origin: 0, amount: 1 });
    expect(genesis.hash).toEqual(serving.chain.genesisHash);
    served++;
  }
  await imported;
  expect(served).toBeGreaterThan(10);
  const { head } = serving.chain;
  expect(serving.chain.range()).toMatchObject({ earliest: 0, latest: 1024 });

  const asked: string[] = [];
  const syncing = await start({ staticNodes: [serving.enode], syncTarget: head.hash, executionThreads: false });
  syncing.on('peer', ({ eth }) => {
    const { getReceipts } = eth;
    eth.getReceipts = (...args) => {
      asked.push('receipts');
      return getReceipts.apply(eth, args);
    };
  });
  await syncing.sync.done;
  expect(syncing.chain.head.hash).toEqual(head.hash);
  expect(syncing.chain.withoutReceipts).toEqual([]);
  expect(asked).toEqual([]);
  const hashes = [head.hash];
  expect(await syncing.chain.receipts(hashes)).toEqual(await serving.chain.receipts(hashes));
});

/** Connects to a node as a peer that sends Pings itself. */
async function connectPinging(node: Node) {
  const stream = await connect(node.enode, { privateKey: generatePrivateKey(), crypto: fastCrypto });
  let onPong = (): void => {};
  const watched: MessageStream = new Proxy(stream, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property !== 'read') return typeof value === 'function' ? value.bind(target) : value;
      return async (...options: Parameters<MessageStream['read']>) => {
        const message = await target.read(...options);
        if (message?.code === 3) onPong();
        return message;
      };
    },
  });
  const peer = await openPeer(watched, { protocols: [eth({ chain: node.chain, crypto: fastCrypto })] });
  onTestFinished(() => peer.disconnect('requested'));
  await peer.eth.status;
  return {
    eth: peer.eth,
    /** Resolves with the Pong. */
    async ping(): Promise<void> {
      const pong = new Promise<void>((resolve) => {
        onPong = resolve;
      });
      await stream.write(2, Uint8Array.of(0xc0));
      await pong;
    },
  };
}

test('ND-07 Pings are answered and bodies are served between the batches of an import', async () => {
  const node = await start();
  const peer = await connectPinging(node);
  const { chain } = node;
  let isImported = false;
  const imported = importFile(chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto }).then(() => {
    isImported = true;
  });
  /** Heads at which the node answered, before the import ended. */
  const heads = new Set<number>();
  while (!isImported) {
    const { number } = chain.head;
    const asked = blocks.slice(Math.max(0, number - 15), number + 1);
    const [bodies] = await Promise.all([peer.eth.getBodies(asked.map(({ header }) => header.hash)), peer.ping()]);
    expect(bodies.map((body) => body?.raw)).toEqual(asked.map(({ body }) => body.raw));
    if (!isImported) heads.add(number);
  }
  await imported;
  expect(chain.head.number).toBe(1024);
  heads.delete(1024);
  expect(heads.size).toBeGreaterThan(2);
});

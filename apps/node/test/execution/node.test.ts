import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastCrypto } from '@devp2p/crypto/fast';
import { expect, onTestFinished, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

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

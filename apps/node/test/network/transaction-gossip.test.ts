import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { parseEnode } from '@devp2p/enr';
import {
  type EthPeer,
  eth,
  signTransaction,
  type TransactionExchange,
  transactionHash,
  transactionsOf,
} from '@devp2p/eth';
import { openPeer, type PeerEnd } from '@devp2p/peer';
import { randomBytes } from '@devp2p/random';
import { connect } from '@devp2p/rlpx/tcp';
import { expect, onTestFinished, test } from 'vitest';
import type { DevAccount } from '../../src/dev/dev-accounts.ts';
import { type DevNode, openDevNode } from '../../src/dev/dev-node.ts';
import { silentLogs } from '../../src/logging/log.ts';
import type { ExchangedPool } from '../../src/network/transactions/gossip-pool.ts';
import { createNodeTransactions } from '../../src/network/transactions/transaction-exchange.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { StoredBlock } from '../../src/storage/block-records.ts';
import { makeBody, makeGenesis, nextHeader } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

const local = { host: '127.0.0.1', port: 0, discovery: false, executionThreads: false } as const;

/** A node that makes blocks, and one that follows it. */
async function open(): Promise<{ readonly dev: DevNode; readonly node: Node }> {
  const dev = await openDevNode({ settings: {}, node: { ...local, datadir: temporaryDirectory() } });
  onTestFinished(() => dev.close());
  const node = await createNode({
    ...local,
    datadir: temporaryDirectory(),
    genesis: dev.genesisFile,
    blockGossip: true,
    staticNodes: [dev.node.enode],
    metrics: { host: '127.0.0.1', port: 0 },
    http: { host: '127.0.0.1', port: 0, apis: ['admin'] },
  });
  onTestFinished(() => node.close());
  await Promise.all([hasPeer(node), hasPeer(dev.node)]);
  return { dev, node };
}

function hasPeer({ peers }: Node): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (peers.list().length === 0) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = peers.onChange(look);
    look();
  });
}

function transfer({ privateKey }: DevAccount, nonce: number, length = 0): Uint8Array {
  return signTransaction(
    {
      chainId: 1337n,
      nonce: BigInt(nonce),
      gas: 1_000_000n,
      to: new Uint8Array(20).fill(1),
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
      input: new Uint8Array(length).fill(1),
    },
    privateKey,
    crypto,
  );
}

/** Resolves when the pool of a node has a transaction. */
async function hasTransaction({ pool }: Node, raw: Uint8Array): Promise<void> {
  if (pool === undefined) throw new Error('a node without a pool');
  const hash = transactionHash(raw, crypto);
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!pool.has(hash)) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = pool.onPending(look);
    look();
  });
}

interface Attacker {
  readonly eth: EthPeer;
  readonly closed: Promise<PeerEnd>;
}

/** A peer with the chain of the node, which ignores what it gets. */
async function attack({ enode, chain }: Node): Promise<Attacker> {
  const transactions: TransactionExchange = {
    connected: () => ({
      announced() {},
      received() {},
      get: async (hashes) => hashes.map(() => undefined),
      served() {},
      disconnected() {},
    }),
  };
  const blocks = { connected: () => ({ announced() {}, received() {}, disconnected() {} }) };
  const stream = await connect(parseEnode(enode), { privateKey: generatePrivateKey(), crypto });
  const peer = await openPeer(stream, { protocols: [eth({ chain, transactions, blocks })] });
  await peer.eth.status;
  return { eth: peer.eth, closed: peer.closed };
}

test('TP-29 TP-23 transactions reach the pools of other nodes, whole and by announcement', async () => {
  const { dev, node } = await open();
  const [short, long] = [dev.accounts[0], dev.accounts[1]].map((account, i) =>
    transfer(account as DevAccount, 0, 5000 * i),
  ) as [Uint8Array, Uint8Array];
  const results = await node.pool?.add([short, long], { local: true });
  expect(results?.map(({ status }) => status)).toEqual(['added', 'added']);
  await Promise.all([hasTransaction(dev.node, short), hasTransaction(dev.node, long)]);
  expect(dev.node.pool?.status).toMatchObject({ pending: 2 });

  // They are in admin_peers and the metrics.
  const call = await fetch(node.endpoints.http as string, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'admin_peers', params: [] }),
  });
  const { result } = (await call.json()) as { result: { transactions: object }[] };
  expect(result[0]?.transactions).toMatchObject({ sentWhole: 1, sentHashes: 1, served: 1, included: 0, finalized: 0 });
  const metrics = await (await fetch(`${node.endpoints.metrics}/metrics`)).text();
  expect(metrics).toContain('eth_transactions_sent{form="whole"} 1');
  expect(metrics).toContain('eth_transactions_sent{form="hash"} 1');
  expect(metrics).toContain('eth_transactions_sent{form="response"} 1');
  expect(metrics).toContain('eth_fetcher_transaction_waiting_hashes 0');
});

test('ND-12 sizes of the pool, and the reasons for refusals and losses, are metrics, and sizes are in /health', async () => {
  const { dev, node } = await open();
  const [first, second] = dev.accounts as [DevAccount, DevAccount];
  const one = transfer(first, 0);
  const results = await node.pool?.add([one, one, transfer(second, 3)]);
  expect(results?.map(({ status }) => status)).toEqual(['added', 'refused', 'added']);
  await hasTransaction(dev.node, one);
  const dropped = new Promise((resolve) => node.pool?.onDropped(resolve));
  await dev.producer.mine([one]);
  expect(await dropped).toEqual([{ hash: transactionHash(one, crypto), reason: 'included' }]);

  const read = async (path: string) => (await fetch(`${node.endpoints.metrics}${path}`)).text();
  const metrics = await read('/metrics');
  for (const line of [
    'txpool_transactions{part="pending"} 0',
    'txpool_transactions{part="queued"} 1',
    'txpool_transactions{part="blobs"} 0',
    'txpool_added 2',
    'txpool_refused{reason="known"} 1',
    'txpool_dropped{reason="included"} 1',
  ]) {
    expect(metrics).toContain(line);
  }
  expect(JSON.parse(await read('/health')).pool).toEqual({ pending: 0, queued: 1, blobs: 0 });
});

test('TP-32 a new peer learns of the pending transactions', async () => {
  const { dev, node } = await open();
  const raw = transfer(dev.accounts[0] as DevAccount, 0);
  await dev.node.pool?.add([raw]);
  const late = await createNode({
    ...local,
    datadir: temporaryDirectory(),
    genesis: dev.genesisFile,
    blockGossip: true,
    staticNodes: [node.enode],
  });
  onTestFinished(() => late.close());
  await hasTransaction(late, raw);
});

test('TP-09 TP-26 invalid transactions end their sender; refused ones do not', async () => {
  const { dev, node } = await open();
  const poor = { privateKey: generatePrivateKey() } as DevAccount;
  const honest = await attack(node);
  await honest.eth.sendTransactions(Array.from({ length: 10 }, (_, nonce) => transfer(poor, nonce)));
  await honest.eth.sendTransactions([transfer(dev.accounts[0] as DevAccount, 0)]);
  await hasTransaction(node, transfer(dev.accounts[0] as DevAccount, 0));

  const liar = await attack(node);
  await liar.eth.sendTransactions([Uint8Array.of(2, ...new Uint8Array(30).fill(0xc0))]);
  expect(await liar.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });
  const repeater = await attack(node);
  const twice = transfer(dev.accounts[1] as DevAccount, 0);
  await repeater.eth.sendTransactions([twice, twice]);
  expect(await repeater.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'remote' });

  expect(node.pool?.status).toMatchObject({ pending: 1, queued: 0 });
  await expect(honest.eth.getHeaders({ origin: 0, amount: 1 })).resolves.toHaveLength(1);
});

test('TP-33 peers are credited for the transactions of new blocks, and of final ones', async () => {
  const clock = createVirtualClock();
  let blocks: StoredBlock[] = [genesis];
  const listeners = new Set<() => void>();
  const chain = {
    get head() {
      return (blocks.at(-1) as StoredBlock).header;
    },
    onHead(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    blockByHash: async (hash: Uint8Array) => blocks.find(({ header }) => toHex(header.hash) === toHex(hash)),
  };
  const pool: ExchangedPool = {
    wants: () => true,
    has: () => false,
    networkForm: async () => undefined,
    add: async (raws) =>
      raws.map((raw) => ({ status: 'added', hash: transactionHash(raw, crypto), isPending: true }) as const),
    plainPending: () => [],
    onPending: () => () => {},
  };
  const log = silentLogs('network');
  const node = createNodeTransactions({ id: new Uint8Array(64), pool, chain, crypto, clock, random: randomBytes, log });
  let final = 0;
  node.follow(
    () => true,
    async () => final,
  );
  const peer = { id: new Uint8Array(64).fill(2), announceTransactions: async () => {} } as Partial<EthPeer> as EthPeer;
  const exchange = node.gossip.connected(peer, () => {});
  const raws = [0, 1, 2].map((nonce) => transfer({ privateKey: generatePrivateKey() } as DevAccount, nonce));
  await exchange.received(transactionsOf(raws));
  const extend = async (transactions: readonly Uint8Array[]): Promise<void> => {
    blocks = [...blocks, childOf(blocks.at(-1) as StoredBlock, transactions, Math.floor(clock.now() / 1000) + 12)];
    for (const listener of listeners) listener();
    await clock.advance(0);
  };
  await extend(raws.slice(0, 2));
  expect(node.gossip.info(peer)?.usefulness).toEqual({ included: 0.1, finalized: 0 });
  final = 1;
  await extend(raws.slice(2));
  expect(node.gossip.info(peer)?.usefulness.included).toBeCloseTo(0.145);
  expect(node.gossip.info(peer)?.usefulness.finalized).toBeCloseTo(0.0002, 8);
  await node.close();
  await extend([]);
  expect(node.gossip.info(peer)?.usefulness.included).toBeCloseTo(0.145);
});

const { config, ...genesis } = makeGenesis('shanghai');
const childOf = ({ header }: StoredBlock, transactions: readonly Uint8Array[], timestamp: number): StoredBlock => ({
  header: nextHeader(config, header, { timestamp }),
  body: makeBody({ transactions }, true).raw,
});

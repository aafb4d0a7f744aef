import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { isLoopback, parseIp } from '@devp2p/ip';
import { openDatadir } from '../config/datadir.ts';
import { DevError } from '../errors/dev-error.ts';
import { silentLogs } from '../logging/log.ts';
import { createNode, type Node } from '../node/node.ts';
import type { NodeSettings } from '../node/options.ts';
import { type BlockProducer, createBlockProducer } from './block-producer.ts';
import type { DevAccount } from './dev-accounts.ts';
import { type DevSettings, withDevDefaults } from './dev-options.ts';
import { createLoad, type Load } from './load.ts';
import { pooledTransactions } from './pooled-transactions.ts';

/** @see openDevNode */
export interface DevNodeOptions {
  readonly settings: DevSettings;
  /** Options of the node. Its host is 127.0.0.1 by default. */
  readonly node: NodeSettings;
  /** Transactions per second that are made. @default 0 */
  readonly load?: number | undefined;
  /** Whether listeners may have other addresses than those of loopback. @default false */
  readonly isPublic?: boolean | undefined;
}

/** A node with a development chain, which other nodes can follow. */
export interface DevNode {
  readonly node: Node;
  readonly producer: BlockProducer;
  readonly accounts: readonly DevAccount[];
  /** Path of the genesis.json with which other nodes follow the chain. */
  readonly genesisFile: string;
  readonly load: Load | undefined;
  close(): Promise<void>;
}

/**
 * Starts a node that makes the blocks of a development chain and sends them to its peers.
 *
 * @throws DevError `public-listener`, `invalid-option`; the errors of `createNode`
 */
export async function openDevNode({
  settings,
  node: options,
  load: rate = 0,
  isPublic,
}: DevNodeOptions): Promise<DevNode> {
  if (!isPublic) checkListeners(options);
  const crypto: Crypto = options.crypto ?? fastCrypto;
  const clock: Clock = options.clock ?? systemClock;
  const { accounts, genesis, interval, beneficiary } = withDevDefaults(settings, crypto);
  const genesisFile = join(openDatadir(options.datadir), 'genesis.json');
  await writeGenesis(genesisFile, genesis);
  const node = await createNode({
    host: '127.0.0.1',
    ...options,
    genesis: genesisFile,
    blockGossip: true,
    makesBlocks: true,
  });
  const { chain } = node;
  const log = (options.logs ?? silentLogs)('dev');
  const { pool } = node;
  const waiting = pool && pooledTransactions(pool);
  const producer = createBlockProducer({ chain, crypto, clock, log, interval, beneficiary, waiting });
  producer.onBlock((block) => node.blocks?.broadcast(block));
  const load =
    rate > 0
      ? createLoad({ chain, producer, accounts, rate, nonce: pool?.nonce.bind(pool), clock, crypto, log })
      : undefined;
  return {
    node,
    producer,
    accounts,
    genesisFile,
    load,
    async close() {
      load?.close();
      await producer.close();
      await node.close();
    },
  };
}

/** @throws DevError `other-genesis` when the directory has another development chain */
async function writeGenesis(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((await readFile(path, 'utf8')) !== text) {
      throw new DevError('other-genesis', `${path} is of a development chain with other options`);
    }
  }
}

/** @throws DevError `public-listener` */
function checkListeners({ host = '127.0.0.1', http, ws, authrpc, metrics }: NodeSettings): void {
  const listeners = { host, http: http?.host, ws: ws?.host, authrpc: authrpc?.host, metrics: metrics?.host };
  for (const [listener, address] of Object.entries(listeners)) {
    const ip = address === undefined ? undefined : parseIp(address);
    if (address === undefined || (ip !== undefined && isLoopback(ip))) continue;
    const reason = 'the keys of a development chain are public, so it listens on loopback only';
    throw new DevError('public-listener', `${listener} is ${address}: ${reason}`);
  }
}

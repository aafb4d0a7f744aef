import { EventEmitter } from 'node:events';
import { inspectable } from '@devp2p/appkit';
import { formatEnr } from '@devp2p/enr';
import type { LocalChain } from '../chain/chain.ts';
import type { NodeBlocks } from '../network/blocks/block-exchange.ts';
import type { NodePeer, Peers } from '../network/peers.ts';
import { logDiagnostics } from '../observability/log-diagnostics.ts';
import { createMetrics } from '../observability/metrics/metrics.ts';
import type { NodeState } from '../observability/node-state.ts';
import type { Sync, SyncResult } from '../sync/sync.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import { checkNodeOptions } from './check-options.ts';
import { createContext } from './context.ts';
import { Lifecycle } from './lifecycle.ts';
import { type Endpoints, openApi } from './open-api.ts';
import { openNetwork } from './open-network.ts';
import { openPool } from './open-pool.ts';
import { openStorage } from './open-storage.ts';
import { openSync } from './open-sync.ts';
import type { NodeOptions } from './options.ts';

/** Events of a node. */
export interface NodeEvents {
  /** A node is a peer: its handshakes have finished. `peer.closed` resolves when it has disconnected. */
  peer: [peer: NodePeer];
  /** The chain has reached its target. */
  synced: [result: SyncResult];
}

/** A running node. */
export interface Node extends EventEmitter<NodeEvents> {
  /** `enode://…` URL at which other nodes can dial it. */
  readonly enode: string;
  /** `enr:…` text of the current local record, which other nodes receive by discovery. */
  enr(): string;
  readonly chain: LocalChain;
  readonly peers: Peers;
  readonly sync: Sync;
  /** The pool of transactions; absent for a node that does not execute blocks. */
  readonly pool: TransactionPool | undefined;
  /** Sends blocks that the program has made and added to the chain; absent without `blockGossip`. */
  readonly blocks: Pick<NodeBlocks, 'broadcast'> | undefined;
  /** The current activity, or the reason for a wait. */
  state(): NodeState;
  readonly endpoints: Endpoints;
  /** Disconnects the peers with `quitting` and closes ports and databases. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a node: opens its chain, listens, finds nodes, dials them and the static ones, and fills the chain from its
 * peers. When it fails or is aborted, everything that it has opened is closed.
 *
 * @throws NodeError, ChainError, EnodeError; EnrError, Discv4Error, DnsdiscError for an invalid boot node or node list;
 * the reason of `signal`
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  checkNodeOptions(options);
  return Lifecycle.open((lifecycle) => openNode(options, lifecycle), {
    signal: options.signal,
    onCloseError: (error) => options.logs?.('node').error({ error }, 'failed to close after a failed start'),
  });
}

/** Opens the parts from the lowest to the highest; they close the other way round. */
async function openNode(options: NodeOptions, lifecycle: Lifecycle): Promise<Node> {
  const { signal } = lifecycle;
  const context = createContext(options, lifecycle);
  const node = new EventEmitter<NodeEvents>();
  // Peers connect while the node is opened: their events wait until the caller can have added listeners.
  let start = (): void => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const storage = await openStorage(context);
  signal.throwIfAborted();
  const metrics = options.metrics && createMetrics(storage.id);
  lifecycle.onClose(() => metrics?.close());
  lifecycle.onClose(logDiagnostics({ ...context, localId: storage.id }));
  const pool = await openPool(context, storage);
  signal.throwIfAborted();
  const network = await openNetwork(context, storage, pool, (peer) => void started.then(() => node.emit('peer', peer)));
  signal.throwIfAborted();
  const { chain } = storage;
  const { enode, own, peers } = network;
  const nodeSync = await openSync(
    context,
    storage,
    network,
    pool,
    (result) => void started.then(() => node.emit('synced', result)),
  );
  signal.throwIfAborted();
  const { state, endpoints } = await openApi(context, storage, network, nodeSync, pool, metrics);
  signal.throwIfAborted();

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= lifecycle.close().then(() => {
      context.logs('node').info({ head: chain.head.number }, 'closed');
    });
    return closed;
  };
  setImmediate(start);
  return inspectable(
    'Node',
    Object.assign(node, {
      enode,
      enr: () => formatEnr(own.record),
      chain,
      peers,
      sync: nodeSync.sync,
      pool,
      blocks: network.blocks,
      state,
      endpoints,
      close,
      [Symbol.asyncDispose]: close,
    }),
    () => ({
      enode,
      enr: formatEnr(own.record),
      state: state(),
      chain,
      peers: peers.list().length,
      endpoints: Object.fromEntries(Object.entries(endpoints).filter(([, url]) => url !== undefined)),
    }),
  );
}

import { syncStateOf } from '../engine/sync-state.ts';
import { watchHealth } from '../observability/health.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import { serveMetrics } from '../observability/metrics/server.ts';
import type { NodeState } from '../observability/node-state.ts';
import { logState } from '../observability/state-log.ts';
import { type Backend, headTags } from '../rpc/backend.ts';
import { debugNamespace } from '../rpc/namespaces/debug.ts';
import { ethNamespace } from '../rpc/namespaces/eth.ts';
import { nodeControl } from '../rpc/namespaces/node-control.ts';
import { txpoolNamespace } from '../rpc/namespaces/txpool.ts';
import { openRpc } from '../rpc/servers.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import type { NodeContext } from './context.ts';
import type { NodeNetwork } from './open-network.ts';
import type { NodeStorage } from './open-storage.ts';
import { isAtOwnHead, type NodeSync } from './open-sync.ts';
import { watchState } from './watch-state.ts';

/** URLs of the servers of a node; absent for one that is not served. */
export interface Endpoints {
  readonly http?: string | undefined;
  readonly ws?: string | undefined;
  readonly authrpc?: string | undefined;
  readonly metrics?: string | undefined;
}

/** How operators and consensus clients reach a node. */
export interface NodeApi {
  readonly state: () => NodeState;
  readonly endpoints: Endpoints;
}

/**
 * Fourth step: logs the node's state, and serves JSON-RPC, health and metrics.
 *
 * @throws NodeError `port-unavailable`, `jwtsecret-invalid`
 */
export async function openApi(
  context: NodeContext,
  storage: NodeStorage,
  network: NodeNetwork,
  { sync, progress, peerHead, forkChoice, engine }: NodeSync,
  pool: TransactionPool | undefined,
  metrics: Metrics | undefined,
): Promise<NodeApi> {
  const { options, host, lifecycle, crypto, clock, random, logs } = context;
  const { chain } = storage;
  const { peers, discovery, addresses } = network;
  const state = watchState(context, network, chain, sync, forkChoice, peerHead);
  const stateLog = logState(state, clock, logs('node'));
  lifecycle.onClose(() => stateLog.close(), { parallel: true });
  const health = watchHealth({ peers, chain, sync, progress, state, peerHead, pool });
  const backend: Backend = {
    chain,
    tags: forkChoice ?? headTags(chain),
    syncState: syncStateOf(chain, forkChoice, () => isAtOwnHead(options, sync)),
    pool,
    crypto,
    clock,
    random,
    badBlocks: () => forkChoice?.badBlocks.contents ?? [],
  };
  const eth = ethNamespace(backend);
  lifecycle.onClose(() => eth.close(), { parallel: true });
  const rpc = await openRpc({
    http: options.http,
    ws: options.ws,
    authrpc: storage.authrpc,
    health,
    onCall: metrics?.countCall,
    control: nodeControl({
      id: storage.id,
      clientId: network.clientId,
      datadir: storage.datadir,
      host,
      enode: network.enode,
      chain,
      peers,
      network: network.connections,
      transactions: network.transactions?.gossip,
      record: () => network.own.record,
      crypto,
    }),
    engine,
    eth,
    debug: debugNamespace(backend),
    txpool: txpoolNamespace(backend),
    crypto,
    clock,
    random,
    log: logs('rpc'),
  });
  lifecycle.onClose(() => rpc.close(), { parallel: true });
  metrics?.watch({ health, discovery, addresses }, pool, network.transactions?.gossip);
  const server = metrics && (await serveMetrics({ ...options.metrics, metrics, health, clock, log: logs('rpc') }));
  lifecycle.onClose(() => server?.close(), { parallel: true });
  const { http, ws, authrpc } = rpc;
  return { state, endpoints: { http, ws, authrpc, metrics: server?.url } };
}

import { equalBytes } from '@devp2p/bytes';
import { ForkChoice } from '../chain/fork-choice.ts';
import { createEngine } from '../engine/methods.ts';
import { type SyncProgress, trackProgress } from '../observability/health.ts';
import type { Namespace } from '../rpc/transport/api.ts';
import { createPeerHead, type PeerHead } from '../sync/peer-head.ts';
import { createSync, type Sync, type SyncResult } from '../sync/sync.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import type { NodeContext } from './context.ts';
import type { NodeNetwork } from './open-network.ts';
import type { NodeStorage } from './open-storage.ts';
import type { NodeOptions } from './options.ts';

/** How a node follows the chain. */
export interface NodeSync {
  readonly sync: Sync;
  readonly progress: SyncProgress;
  /** Absent without `headPeers`. */
  readonly peerHead: PeerHead | undefined;
  /** Both are absent without `authrpc`. */
  readonly forkChoice: ForkChoice | undefined;
  readonly engine: Namespace | undefined;
}

/**
 * Third step: fills the chain from the peers, up to the block that the operator, a consensus client or a static node
 * names.
 *
 * @param onSynced called when the chain has reached its target
 * @throws ChainError
 */
export async function openSync(
  { options, lifecycle, crypto, clock, logs }: NodeContext,
  { chain, authrpc }: NodeStorage,
  { peers, connections, blocks, transactions }: NodeNetwork,
  pool: TransactionPool | undefined,
  onSynced: (result: SyncResult) => void,
): Promise<NodeSync> {
  const progress = trackProgress(options.report ?? (() => {}));
  const forkChoice = authrpc && (await ForkChoice.open(chain));
  lifecycle.onClose(() => forkChoice?.close(), { parallel: true });
  const syncPeers = { ...peers, staticsTried: connections.staticsTried };
  const { headPeers: required } = options;
  const log = logs('sync');
  const peerHead =
    required === undefined ? undefined : createPeerHead({ required, chain, peers: syncPeers, clock, log });
  if (peerHead !== undefined) {
    log.warn({ networks: required }, 'the head is that of peers: it is trusted that fewer networks than that collude');
  }
  const sync = createSync({
    chain,
    peers: syncPeers,
    target: options.syncTarget,
    forkChoice,
    peerHead,
    followsPeers: authrpc?.optional || peerHead !== undefined,
    followsAll: options.blockGossip,
    onSynced,
    report: progress.report,
    clock,
    log,
  });
  lifecycle.onClose(() => sync.close(), { parallel: true });
  const isOwnChoice = authrpc === undefined || authrpc.optional === true;
  blocks?.follow(
    () => isOwnChoice && forkChoice?.head === undefined && isLeavingHead(sync),
    () => peers.changed(),
  );
  transactions?.follow(
    () => {
      const head = forkChoice?.head;
      return head === undefined ? isAtOwnHead(options, sync) : equalBytes(head, chain.head.hash);
    },
    async () => (await forkChoice?.finalized())?.number,
  );
  const engine =
    forkChoice &&
    createEngine({
      chain,
      forkChoice,
      crypto,
      clock,
      log: logs('rpc'),
      maxReorgDepth: authrpc?.maxReorgDepth,
      pool,
      building: { transactions: pool, ...options.building },
      isExpected: !authrpc?.optional,
    });
  lifecycle.onClose(() => engine?.close(), { parallel: true });
  return { sync, progress, peerHead, forkChoice, engine: engine?.namespace };
}

/** Whether the sync does not move the head: it has no target, or looks for headers, which no peer may have. */
function isLeavingHead({ target, missing }: Sync): boolean {
  return target === undefined || missing?.what === 'head' || missing?.what === 'headers';
}

/** Whether the chain is at a head that no consensus client has named: of a target, or of the longest chain of the peers. */
export function isAtOwnHead(
  { blockGossip }: NodeOptions,
  { isSynced, target }: Pick<Sync, 'isSynced' | 'target'>,
): boolean {
  return isSynced || (blockGossip === true && target === undefined);
}

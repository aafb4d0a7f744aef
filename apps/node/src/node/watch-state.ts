import { errorText } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import type { LocalChain } from '../chain/chain.ts';
import type { ForkChoice } from '../chain/fork-choice.ts';
import { shortId } from '../network/peer-id.ts';
import { type NodeFacts, type NodeState, stateOf } from '../observability/node-state.ts';
import type { PeerHead } from '../sync/peer-head.ts';
import type { Sync } from '../sync/sync.ts';
import type { NodeContext } from './context.ts';
import type { NodeNetwork } from './open-network.ts';

/** @returns the state of the node at the time of each call */
export function watchState(
  { options, lifecycle }: NodeContext,
  { peers, addresses, connections, discovery }: NodeNetwork,
  chain: Pick<LocalChain, 'catchUp' | 'failed'>,
  sync: Sync,
  forkChoice: ForkChoice | undefined,
  peerHead: Pick<PeerHead, 'state'> | undefined,
): () => NodeState {
  let failure: string | undefined;
  const fail = (error: unknown): void => {
    failure ??= errorText(error);
  };
  void chain.failed.then(fail);
  sync.done.catch(fail);
  const targetSource = (): NodeFacts['targetSource'] => {
    if (options.syncTarget !== undefined) return 'operator';
    const isAwaited = forkChoice !== undefined && !options.authrpc?.optional && peerHead === undefined;
    if (isAwaited || forkChoice?.head !== undefined) return 'consensus-client';
    if (peerHead !== undefined) return 'peers';
    return options.blockGossip ? 'longest-chain' : 'static-peers';
  };
  return () => {
    const { target, missing, idleTime, isSynced } = sync;
    const all = peers.list();
    const { new: fresh, tried } = addresses.stats;
    const head = forkChoice?.head;
    return stateOf({
      closing: lifecycle.signal.aborted,
      failure,
      catchUp: chain.catchUp,
      peers: all.map(({ id, eth }) => ({ id: shortId(id), ...eth.range })),
      statics: {
        count: connections.staticCount,
        connected: all.filter(({ isStatic }) => isStatic).length,
      },
      known: fresh + tried,
      discovery: discovery !== undefined,
      incompatible: connections.incompatible.recent(),
      targetSource: targetSource(),
      makesBlocks: options.makesBlocks,
      peerHead: peerHead?.state,
      refusedHead: head && forkChoice?.isRefused(head) ? `0x${toHex(head)}` : undefined,
      sync: { target: target && `0x${toHex(target.hash)}`, missing, idleTime, isSynced },
    });
  };
}

import type { ForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, SyncProgressStore } from '../chain/interfaces.ts';
import type { SyncState } from '../rpc/backend.ts';

/**
 * The distance of the chain from the requested head. Before the first request, and without a consensus client, it counts
 * as not synced, unless `isAtOwnHead` says that the chain is at the head that the node has chosen itself.
 */
export function syncStateOf(
  chain: Pick<CanonicalChain, 'head' | 'numberOf'> & SyncProgressStore,
  forkChoice: ForkChoice | undefined,
  isAtOwnHead: () => boolean = () => false,
): () => Promise<SyncState | undefined> {
  const starting = chain.head.number;
  return async () => {
    const head = forkChoice?.head;
    if (head === undefined ? isAtOwnHead() : (await chain.numberOf(head)) !== undefined) return undefined;
    const current = chain.head.number;
    const [segment] = await chain.syncProgress.segments();
    const named = head && forkChoice?.header(head)?.number;
    const highest = Math.max(current, segment?.top ?? 0, named ?? 0);
    return { starting: Math.min(starting, current), current, highest };
  };
}

import type { ForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, SyncProgressStore } from '../chain/interfaces.ts';
import type { SyncState } from '../rpc/namespaces/eth.ts';

/** The distance of the chain from the requested head; it counts as not synced before the first request. */
export function syncStateOf(
  chain: Pick<CanonicalChain, 'head' | 'numberOf'> & SyncProgressStore,
  forkChoice: ForkChoice,
): () => Promise<SyncState | undefined> {
  const starting = chain.head.number;
  return async () => {
    const { head } = forkChoice;
    if (head !== undefined && (await chain.numberOf(head)) !== undefined) return undefined;
    const current = chain.head.number;
    const [segment] = await chain.syncProgress.segments();
    const named = head && forkChoice.header(head)?.number;
    const highest = Math.max(current, segment?.top ?? 0, named ?? 0);
    return { starting: Math.min(starting, current), current, highest };
  };
}

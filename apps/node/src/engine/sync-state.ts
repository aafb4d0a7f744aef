import type { LocalChain } from '../chain/chain.ts';
import type { SyncState } from '../rpc/namespaces/eth.ts';
import type { Consensus } from './consensus.ts';

/** How far the chain is from the head that the consensus client has named; not synced before it has named one. */
export function syncStateOf(
  chain: Pick<LocalChain, 'head' | 'numberOf' | 'syncProgress'>,
  consensus: Consensus,
): () => Promise<SyncState | undefined> {
  const starting = chain.head.number;
  return async () => {
    const { head } = consensus;
    if (head !== undefined && (await chain.numberOf(head)) !== undefined) return undefined;
    const current = chain.head.number;
    const [segment] = await chain.syncProgress.segments();
    const named = head && consensus.header(head)?.number;
    const highest = Math.max(current, segment?.top ?? 0, named ?? 0);
    return { starting: Math.min(starting, current), current, highest };
  };
}

import { equalBytes } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { LocalChain } from '../chain/chain.ts';
import type { BlockRef, Consensus } from './consensus.ts';

/** What `latest`, `safe` and `finalized` stand for: the forkchoice in force, as far as our chain still has its blocks. */
export function forkchoiceTags(
  chain: Pick<LocalChain, 'head' | 'header'>,
  consensus: Consensus,
): {
  latest(): Promise<SealedHeader>;
  safe(): Promise<SealedHeader | undefined>;
  finalized(): Promise<SealedHeader | undefined>;
} {
  const resolve = async (block: BlockRef | undefined): Promise<SealedHeader | undefined> => {
    const header = block && (await chain.header(block.number));
    return header && block && equalBytes(header.hash, block.hash) ? header : undefined;
  };
  return {
    latest: async () => (await resolve(consensus.applied?.head)) ?? chain.head,
    safe: () => resolve(consensus.applied?.safe),
    finalized: () => resolve(consensus.applied?.finalized),
  };
}

import type { SealedHeader } from '@devp2p/eth';
import type { BlockStore } from '../storage/blocks.ts';

/**
 * The side blocks from the canonical chain up to a block, ascending; none for a canonical block.
 *
 * @param maxLength number of side blocks, at most
 * @returns `undefined` when one of them is not stored, and when there are more
 */
export async function findSideBranch(
  store: BlockStore,
  hash: Uint8Array,
  maxLength: number,
): Promise<readonly SealedHeader[] | undefined> {
  const headers: SealedHeader[] = [];
  let next = hash;
  while ((await store.numberOf(next)) === undefined) {
    const header = headers.length < maxLength ? await store.headerByHash(next) : undefined;
    if (header === undefined) return undefined;
    headers.push(header);
    next = header.parentHash;
  }
  return headers.reverse();
}

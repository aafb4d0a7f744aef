import type { BlockStore } from '../storage/blocks.ts';
import { decodeStored } from './decode-stored.ts';
import type { NewBlock } from './interfaces.ts';

/**
 * The side blocks from the canonical chain up to a block, ascending; none for a canonical block.
 *
 * @param maxLength number of side blocks, at most
 * @returns `undefined` when one of them is not stored or has no receipts, and when there are more
 * @throws ChainError `corrupt`
 */
export async function findSideBranch(
  store: BlockStore,
  hash: Uint8Array,
  maxLength: number,
): Promise<readonly NewBlock[] | undefined> {
  const blocks: NewBlock[] = [];
  let next = hash;
  while ((await store.numberOf(next)) === undefined) {
    const block = blocks.length < maxLength ? await store.blockByHash(next) : undefined;
    if (block?.receipts === undefined) return undefined;
    blocks.push(decodeStored(block));
    next = block.header.parentHash;
  }
  return blocks.reverse();
}

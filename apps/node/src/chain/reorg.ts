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

/**
 * Hashes of the ancestors of a canonical or side block, the parent first.
 *
 * @returns fewer than `count` where the chain begins; none for a block that is not stored
 * @throws ChainError `corrupt`
 */
export async function readAncestors(store: BlockStore, hash: Uint8Array, count: number): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  let header = await store.headerByHash(hash);
  while (header !== undefined && header.number > 0 && hashes.length < count) {
    hashes.push(header.parentHash);
    const parent = await store.numberOf(header.parentHash);
    if (parent !== undefined) {
      const first = Math.max(0, parent - count + hashes.length);
      const refs = parent === 0 ? [] : await store.canonicalRefs(first, parent - 1);
      return [...hashes, ...refs.reverse().map((ref) => ref.hash)];
    }
    header = await store.headerByHash(header.parentHash);
  }
  return hashes;
}

import { equalBytes } from '@devp2p/bytes';
import { decodeBody, type SealedHeader } from '@devp2p/eth';
import type { BlockReader } from '../chain/interfaces.ts';

/** Transactions of one block, in canonical form. */
interface BlockTransactions {
  readonly number: number;
  /** In seconds since the epoch. */
  readonly timestamp: number;
  readonly transactions: readonly Uint8Array[];
}

/** Blocks between two heads. */
export interface HeadMovement {
  /** Blocks of the old branch that are not on the new one, the lowest first. */
  readonly left: readonly BlockTransactions[];
  /** Blocks of the new branch that are not on the old one, the lowest first. */
  readonly joined: readonly BlockTransactions[];
}

/** Difference in number up to which transactions of a left branch are put in again (go-ethereum, `legacypool.reset`). */
const maxDistance = 64;

/**
 * Reads the blocks that differ between two heads. A block that is missing on the old side, as after a rewind of the chain,
 * leaves that side empty; one on the new side, both.
 *
 * @throws ChainError
 */
export async function readMovement(
  chain: Pick<BlockReader, 'blockByHash'>,
  from: SealedHeader,
  to: SealedHeader,
): Promise<HeadMovement> {
  const left: BlockTransactions[] = [];
  const joined: BlockTransactions[] = [];
  if (Math.abs(from.number - to.number) > maxDistance) return { left, joined };
  let isLeftKnown = true;
  /** Adds a block to a side. @returns hash of its parent; `undefined` for a missing block */
  const add = async (side: BlockTransactions[], hash: Uint8Array): Promise<Uint8Array | undefined> => {
    const block = await chain.blockByHash(hash);
    if (block === undefined) return undefined;
    const { number, timestamp } = block.header;
    side.push({ number, timestamp, transactions: [...decodeBody(block.body).transactions] });
    return block.header.parentHash;
  };
  let old = { number: from.number, hash: from.hash };
  let fresh = { number: to.number, hash: to.hash };
  while (!equalBytes(old.hash, fresh.hash)) {
    // The pool does not follow a reorganization of more blocks than that.
    if (left.length + joined.length > 4 * maxDistance || Math.max(old.number, fresh.number) === 0) {
      return { left: [], joined: joined.reverse() };
    }
    const [isOldHigher, isFreshHigher] = [old.number >= fresh.number, fresh.number >= old.number];
    if (isFreshHigher) {
      const parent = await add(joined, fresh.hash);
      if (parent === undefined) return { left: [], joined: [] };
      fresh = { number: fresh.number - 1, hash: parent };
    }
    if (isOldHigher) {
      const parent = isLeftKnown ? await add(left, old.hash) : undefined;
      if (parent === undefined) {
        isLeftKnown = false;
        break;
      }
      old = { number: old.number - 1, hash: parent };
    }
  }
  return { left: isLeftKnown ? left.reverse() : [], joined: joined.reverse() };
}

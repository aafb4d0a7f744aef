import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';

/** Successive headers that a peer of a network group has served. */
export interface HeadVote {
  readonly group: string;
  readonly headers: readonly SealedHeader[];
}

/** A block and the number of network groups that serve it. */
export interface CountedBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly groups: number;
}

/** Disagreement of network groups about the block with one number. */
export interface Disagreement {
  readonly number: number;
  /** The blocks, the most frequent one first. */
  readonly blocks: readonly CountedBlock[];
}

/** Result of {@link countVotes}. */
export interface VoteCount {
  /** The highest block that enough groups serve, with all its ancestors among the votes. */
  readonly agreed: CountedBlock | undefined;
  /** About the highest block of which groups have different ones; absent without one. */
  readonly disagreement: Disagreement | undefined;
}

/**
 * Finds the block that enough network groups serve. Where groups are split into two branches that both have enough, the
 * last block before both is the one.
 *
 * @param votes one of each group, with headers from one number on
 * @param required number of groups
 */
export function countVotes(votes: readonly HeadVote[], required: number): VoteCount {
  const counts = [...countBlocks(votes)].sort(([a], [b]) => a - b);
  let agreed: Counted | undefined;
  for (const [, blocks] of counts) {
    const [first, second] = blocks.filter(({ groups }) => groups >= required);
    const isNext = agreed === undefined || (first !== undefined && equalBytes(first.parentHash, agreed.hash));
    if (first === undefined || second !== undefined || !isNext) break;
    agreed = first;
  }
  const [number, blocks] = counts.findLast(([, different]) => different.length > 1) ?? [];
  return {
    agreed: agreed && withoutParent(agreed),
    disagreement:
      number === undefined || blocks === undefined ? undefined : { number, blocks: blocks.map(withoutParent) },
  };
}

interface Counted extends CountedBlock {
  readonly parentHash: Uint8Array;
}

function withoutParent({ number, hash, groups }: Counted): CountedBlock {
  return { number, hash, groups };
}

/** Blocks by number, those of one number by their groups. */
function countBlocks(votes: readonly HeadVote[]): Map<number, Counted[]> {
  const counts = new Map<number, Map<string, Counted>>();
  for (const { headers } of votes) {
    for (const { number, hash, parentHash } of headers) {
      const blocks = counts.get(number) ?? new Map<string, Counted>();
      counts.set(number, blocks);
      const key = toHex(hash);
      blocks.set(key, { number, hash, parentHash, groups: (blocks.get(key)?.groups ?? 0) + 1 });
    }
  }
  const sorted = new Map<number, Counted[]>();
  for (const [number, blocks] of counts) {
    sorted.set(
      number,
      [...blocks.values()].sort((a, b) => b.groups - a.groups),
    );
  }
  return sorted;
}

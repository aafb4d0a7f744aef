import type { Clock } from '@devp2p/clock';
import type { GossipChain, SealedBlock, SealedHeader } from '@devp2p/eth';
import type {
  BlockChecker,
  BlockImporter,
  CanonicalChain,
  ChainRules,
  DifficultyReader,
  HeaderReader,
  NewBlock,
} from '../../chain/interfaces.ts';
import { BlockError } from '../../errors/chain-error.ts';
import type { BlockRules } from '../../validation/block.ts';
import { checkHeader } from '../../validation/header.ts';

/** The parts of the chain that the exchange of blocks uses. */
export type ExchangedChain = Pick<CanonicalChain, 'head' | 'totalDifficulty'> &
  ChainRules &
  DifficultyReader &
  Pick<HeaderReader, 'headerByHash'> &
  Pick<BlockChecker, 'checkEligible'> &
  Pick<BlockRules, 'checkBody'> &
  Pick<BlockImporter, 'insert' | 'setHead'>;

/** @see createGossipChain */
export interface GossipChainOptions {
  readonly chain: ExchangedChain;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether blocks are imported now: not during a sync, and not when a consensus client chooses the head. */
  readonly isFollowing: () => boolean;
}

/** Ancestors of the head that may be the parent of a received block. */
const maxDepth = 128;

/**
 * The chain as the exchange of blocks uses it. Its rule for the head: the chain with the highest sum of difficulties; of
 * equal ones, as after the merge, the one with the highest block number; then the one that was imported first.
 */
export function createGossipChain({ chain, clock, isFollowing }: GossipChainOptions): GossipChain {
  const totalDifficulty = async (hash: Uint8Array): Promise<bigint | undefined> => {
    const header = await chain.headerByHash(hash);
    // The sums of blocks far below the head would have to be computed.
    if (header === undefined || chain.head.number - header.number > maxDepth) return undefined;
    return chain.totalDifficultyOf(hash);
  };

  const checkBody = (header: SealedHeader, body: SealedBlock['body']): string | undefined =>
    reasonOf(() => chain.checkBody(header, body));

  const isBetter = async ({ hash, number }: SealedHeader): Promise<boolean> => {
    const sum = await totalDifficulty(hash);
    if (sum === undefined) return false;
    const { head, totalDifficulty: best } = chain;
    return sum > best || (sum === best && number > head.number);
  };

  return {
    height: () => chain.head.number,
    totalDifficulty,
    async check({ header, body }) {
      const parent = await chain.headerByHash(header.parentHash);
      const parentTotalDifficulty = await totalDifficulty(header.parentHash);
      if (parent === undefined || parentTotalDifficulty === undefined) return undefined;
      const { config } = chain.genesis;
      return (
        reasonOf(() => {
          chain.checkEligible(header);
          checkHeader(header, { config, parent, parentTotalDifficulty, now: clock.now() / 1000 });
        }) ?? checkBody(header, body)
      );
    },
    checkBody: (header, body) => checkBody(header, body) === undefined,
    async import(block: NewBlock) {
      if (!isFollowing()) return 'unavailable';
      const { status } = await chain.insert(block);
      if (status === 'no-state') return 'unavailable';
      if (status === 'valid' && (await isBetter(block.header)) && isFollowing()) {
        await chain.setHead(block.header.hash);
      }
      return status;
    },
  };
}

/** The rule that a check finds violated. */
function reasonOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof BlockError) return error.reason;
    throw error;
  }
}

import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { Chain, SealedHeader } from '@devp2p/eth';
import type { RandomBytes } from '@devp2p/random';
import type { BadBlockContent } from '../chain/bad-blocks.ts';
import type {
  BlockReader,
  CanonicalChain,
  ChainRules,
  HeaderReader,
  StateSource,
  TransactionReader,
} from '../chain/interfaces.ts';
import type { LogReader } from '../chain/log-search.ts';
import type { Pool } from '../txpool/interfaces.ts';

/** The blocks to which the tags `latest`, `safe` and `finalized` refer now. */
export interface BlockTags {
  /** The chain's last block as callers see it. */
  latest(): Promise<SealedHeader>;
  /** `undefined` until the consensus client has named one. */
  safe(): Promise<SealedHeader | undefined>;
  finalized(): Promise<SealedHeader | undefined>;
  /** Calls the listener when the latest block may be another one. @returns a function that ends the subscription */
  onChange(listener: () => void): () => void;
}

/** The parts of the chain that are shown. */
export type ViewedChain = ChainRules &
  Pick<Chain, 'range'> &
  Pick<CanonicalChain, 'numberOf' | 'onHead'> &
  HeaderReader &
  Pick<BlockReader, 'blockByHash'> &
  StateSource &
  TransactionReader &
  LogReader;

/** Progress of a sync, in block numbers; `undefined` once the chain has reached the target. */
export interface SyncState {
  readonly starting: number;
  readonly current: number;
  readonly highest: number;
}

/** The parts of a node that the methods read. A part that the node does not have is absent. */
export interface Backend {
  readonly chain: ViewedChain;
  readonly tags: BlockTags;
  readonly syncState: () => Promise<SyncState | undefined>;
  /** Recent invalid blocks, the latest first. @default none */
  readonly badBlocks?: (() => readonly BadBlockContent[]) | undefined;
  /** Absent without execution. */
  readonly pool?: Pool | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** The tags of a chain without a consensus client. */
export function headTags(chain: Pick<CanonicalChain, 'head' | 'onHead'>): BlockTags {
  return {
    latest: async () => chain.head,
    safe: async () => undefined,
    finalized: async () => undefined,
    onChange: (listener) => chain.onHead(listener),
  };
}

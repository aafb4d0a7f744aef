import type { Clock } from '@devp2p/clock';
import { func, integer, methods, type Rules, required } from '@devp2p/options';
import type { RandomBytes } from '@devp2p/random';
import { checkOption } from '../check.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import type { SealedBlock } from '../types/block.ts';
import type { SealedHeader } from '../types/header.ts';

/** The chain that received blocks are added to. A failure of a call, such as of the disk, is not a fault of the block. */
export interface GossipChain {
  /** Number of the head. Called often. */
  height(): number;
  /**
   * Sum of all difficulties up to a block, inclusive.
   *
   * @returns `undefined` for a block that cannot be the parent of an imported one, such as an unknown block
   */
  totalDifficulty(hash: Uint8Array): Promise<bigint | undefined>;
  /**
   * Checks a block as far as possible without its execution: header, roots and transactions. Its parent is known.
   *
   * @returns the violated rule
   */
  check(block: SealedBlock): Promise<string | undefined>;
  /** Checks a body against its header. */
  checkBody(header: SealedHeader, body: SealedBlock['body']): boolean;
  /**
   * Executes and stores a block that {@link check} has accepted, and chooses the head.
   *
   * @returns `unavailable` when it cannot be imported now, which is not its fault
   */
  import(block: SealedBlock): Promise<'valid' | 'invalid' | 'unavailable'>;
}

/** What happened to the block of a peer. */
export type BlockGossipEvent = {
  readonly peer: EthPeer;
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
} & (
  | { readonly type: 'imported' }
  /** The violated rule; without one, the result of the execution differs. */
  | { readonly type: 'invalid'; readonly reason?: string | undefined }
  /** It is too far from the head to be imported, or its ancestors are: its chain has to be downloaded. */
  | { readonly type: 'behind' }
  /** The chain has failed. */
  | { readonly type: 'failed'; readonly error: unknown }
);

/** Options of {@link createBlockGossip}. */
export interface BlockGossipOptions {
  readonly chain: GossipChain;
  /**
   * Blocks that are imported are at most this far above or below the head, and so are their ancestors that are fetched
   * with them. @default 32, go-ethereum's `maxQueueDist`
   */
  readonly maxDistance?: number | undefined;
  /**
   * Time from the announcement of a block to its request, in ms, in which the block itself may arrive.
   * @default 100; go-ethereum, for larger networks: 500
   */
  readonly fetchDelay?: number | undefined;
  /** Called for each block of a peer that has been processed. @default not called */
  readonly onEvent?: ((event: BlockGossipEvent) => void) | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Source of the choice of peers. @default a cryptographically secure source */
  readonly random?: RandomBytes | undefined;
}

const rules: Rules<BlockGossipOptions> = {
  chain: required(methods('height', 'totalDifficulty', 'check', 'checkBody', 'import')),
  maxDistance: integer(1, 512),
  fetchDelay: integer(0),
  onEvent: func,
  clock: methods('monotonic', 'setTimeout'),
  random: func,
};

/** @throws EthError `invalid-option` */
export function checkGossipOptions(options: BlockGossipOptions): void {
  checkOption.options('createBlockGossip', options, rules);
}

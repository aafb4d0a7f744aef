import type { RawList, SealedHeader } from '@devp2p/eth';
import type { Genesis } from '../config/genesis/genesis.ts';
import type { ExecutableBlock } from '../execution/executor.ts';
import type { StoredBlock } from '../storage/block-records.ts';
import type { SyncProgress } from '../storage/sync-progress.ts';

/** A block to append. */
export type NewBlock = ExecutableBlock;

/** The first block and the rules of a chain. */
export interface ChainRules {
  readonly genesis: Genesis;
}

/** Headers of a sync in progress. */
export interface SyncProgressStore {
  readonly syncProgress: SyncProgress;
}

/** The position of the canonical chain, and its index. */
export interface CanonicalChain {
  readonly head: SealedHeader;
  /** Sum of all difficulties up to the head. */
  readonly totalDifficulty: bigint;
  /** Hash of the canonical block with the number. */
  hashAt(number: number): Promise<Uint8Array | undefined>;
  /** Number of the canonical block with the hash; `undefined` for a side block. */
  numberOf(hash: Uint8Array): Promise<number | undefined>;
  /**
   * Calls the listener after every change of the head or of the range that is served.
   *
   * @returns a function that ends the subscription
   */
  onHead(listener: () => void): () => void;
}

/** Stored headers. */
export interface HeaderReader {
  /** A canonical header. */
  header(number: number): Promise<SealedHeader | undefined>;
  /** The header of a canonical or side block. */
  headerByHash(hash: Uint8Array): Promise<SealedHeader | undefined>;
}

/** Stored blocks, encoded. */
export interface BlockReader {
  /** A canonical block. */
  block(number: number): Promise<StoredBlock | undefined>;
  /** A canonical or side block. */
  blockByHash(hash: Uint8Array): Promise<StoredBlock | undefined>;
}

/** Rules for blocks that are not part of the chain yet. */
export interface BlockChecker {
  /**
   * Refuses a header that is not followed, valid or not: a different block is required at its number, or its fork is
   * unknown.
   *
   * @throws BlockError `required-block`, `unsupported-fork`
   */
  checkEligible(header: SealedHeader): void;
  /**
   * Checks a block by the rules that need no execution, if it follows the head.
   *
   * @returns the rule that it violates; `undefined` for a valid block, and for one that does not follow the head
   */
  check(block: NewBlock): Promise<string | undefined>;
}

/** Writes to the chain. Calls are processed one after another. */
export interface BlockImporter {
  /**
   * Imports blocks in one batch: after a crash all of them are stored, or none. The first may follow a block below the
   * head: the canonical blocks above that one become side blocks in the same batch.
   *
   * @param blocks with consecutive numbers
   * @throws BlockError for the first block that breaks a rule; those before it are kept, unless they would have
   * replaced others
   * @throws ChainError when they cannot be written; none is kept then
   */
  append(blocks: readonly NewBlock[]): Promise<void>;
  /**
   * Makes a side block the head, with the side blocks that it follows, if all of them are stored with their receipts, and
   * they are at most 1,024 and at most one more than the depth of side blocks.
   *
   * @returns whether it is canonical now
   * @throws BlockError when one of them violates a rule; the chain is unchanged then
   */
  reorganizeTo(hash: Uint8Array): Promise<boolean>;
  /**
   * Checks and writes receipts of canonical blocks that lack them, in one batch.
   *
   * @throws BlockError, ChainError `unknown-block`
   */
  addReceipts(receipts: readonly { hash: Uint8Array; receipts: RawList }[]): Promise<void>;
  /**
   * Checks and writes block access lists (EIP-7928) of canonical blocks, in one batch.
   *
   * @throws BlockError, ChainError `unknown-block`
   */
  addAccessLists(lists: readonly { number: number; accessList: Uint8Array }[]): Promise<void>;
  /** Removes all blocks above the number, side blocks included. */
  truncate(number: number): Promise<void>;
}

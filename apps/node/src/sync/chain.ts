import type { RawList, SealedBody, SealedHeader } from '@devp2p/eth';
import type { SyncProgress } from '../storage/sync-progress.ts';

/** A block with everything that its header promises. */
export interface CompleteBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  readonly receipts: RawList;
}

/** What the sync asks of the chain that it fills. */
export interface SyncChain {
  readonly head: SealedHeader;
  readonly totalDifficulty: bigint;
  readonly syncProgress: SyncProgress;
  /** Of the canonical block with the number. */
  hashAt(number: number): Promise<Uint8Array | undefined>;
  /** Of the canonical block with the hash. */
  numberOf(hash: Uint8Array): Promise<number | undefined>;
  /** @throws BlockError `required-block`, `unsupported-fork` when the header is not followed, valid or not */
  checkEligible(header: SealedHeader): void;
  /** @throws BlockError */
  checkBody(header: SealedHeader, body: SealedBody): void;
  /** @throws BlockError */
  checkReceipts(header: SealedHeader, receipts: RawList): void;
  /**
   * Checks the headers and writes the blocks in one batch. The first may follow a block below the head: the blocks
   * above that one are then given up in the same batch.
   *
   * @throws BlockError
   */
  append(blocks: readonly CompleteBlock[]): Promise<void>;
  /** Makes a stored side block the head. @returns whether the block is canonical now */
  reorganizeTo(hash: Uint8Array): Promise<boolean>;
}

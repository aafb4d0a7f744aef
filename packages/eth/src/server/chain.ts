import type { ForkSchedule } from '../fork-id.ts';

/** Blocks of a chain, and the fields of Status that follow from its head. */
export interface ChainRange {
  /** First block with body and receipts. Headers reach back to the genesis. */
  readonly earliest: number;
  /** Last block with header, body and receipts. */
  readonly latest: number;
  /** 32 bytes. */
  readonly latestHash: Uint8Array;
  /** Timestamp of the latest block in seconds: it decides which forks have passed. */
  readonly latestTime: number;
  /** Sum of all difficulties up to the latest block. Only the Status of eth/68 has it. */
  readonly totalDifficulty: bigint;
}

/** Query of {@link Chain.headers}. */
export interface HeaderQuery {
  /** Number or hash (32 bytes) of the first block. */
  readonly origin: number | Uint8Array;
  /** Most headers to return, 1 to 1024. */
  readonly amount: number;
  /** Difference of neighboring block numbers: a positive integer, or a negative one towards the genesis. */
  readonly step: number;
}

/**
 * Source of the blocks that eth serves to peers. Blocks are RLP as a store holds them: they are neither decoded nor
 * encoded on the way to the peer, and returned bytes must not change later.
 *
 * A call may reject: the peer that sent the request is then disconnected, with the error as the cause.
 */
export interface Chain {
  readonly networkId: bigint;
  /** 32 bytes. */
  readonly genesisHash: Uint8Array;
  readonly forks: ForkSchedule;
  /** Current range of the chain. Called often, so it should return a value in memory. */
  range(): ChainRange;
  /**
   * Headers of the canonical chain, each as its RLP list, from the origin up to the first missing one: empty when the
   * origin is unknown or not canonical. All belong to one chain, also during a reorganization. Peers may request numbers
   * far outside the chain.
   */
  headers(query: HeaderQuery): Promise<readonly Uint8Array[]>;
  /**
   * Bodies by block hash, one entry for each hash in its order: the RLP list `[transactions, uncles, withdrawals?]`
   * with typed transactions as strings, or `undefined` for a missing block.
   */
  bodies(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * All receipts of a block by its hash, one entry for each hash in its order: the RLP list of
   * `[type, status or state root, cumulative gas, logs]`, the form of eth/69 and eth/70 (see {@link encodeReceipts}), or
   * `undefined` for a missing block.
   */
  receipts(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Calls the listener after every change of {@link range}. The listener is quick and does not throw.
   *
   * @returns a function that ends the subscription.
   */
  onHead(listener: () => void): () => void;
}

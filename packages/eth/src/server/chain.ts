import type { ForkSchedule } from '../forkid.ts';

/** Where a chain stands: which blocks it has, and what a Status says about its head. */
export interface ChainRange {
  /** The first block whose body and receipts are there. Headers reach back to the genesis. */
  readonly earliest: number;
  /** The last block that is there completely: header, body and receipts. */
  readonly latest: number;
  /** 32 bytes. */
  readonly latestHash: Uint8Array;
  /** The latest block's timestamp in seconds: it decides which forks have passed. */
  readonly latestTime: number;
  /** Sum of all difficulties up to the latest block. Only an eth/68 Status shows it. */
  readonly totalDifficulty: bigint;
}

/** Which headers {@link Chain.headers} is to return. */
export interface HeaderQuery {
  /** Number or hash (32 bytes) of the first. */
  readonly origin: number | Uint8Array;
  /** How many at most, 1 to 1024. */
  readonly amount: number;
  /** From one number to the next: a positive integer, or a negative one to go towards the genesis. */
  readonly step: number;
}

/**
 * The chain behind a node, as eth serves it to peers. All of it is RLP as a store holds it: nothing is decoded
 * or encoded on the way to the peer, and nothing that is returned may change later.
 *
 * A call may reject; the peer that asked then gets nothing and is disconnected, the error is the cause.
 */
export interface Chain {
  readonly networkId: bigint;
  /** 32 bytes. */
  readonly genesisHash: Uint8Array;
  readonly forks: ForkSchedule;
  /** Where the chain stands now. Called often, so it should return what is at hand. */
  range(): ChainRange;
  /**
   * Headers of the canonical chain, each as its RLP list, beginning with the origin and ending before the first that
   * is not there: empty when the origin itself is unknown or not canonical. All are of one chain, also while it is
   * being reorganised. Peers may ask for numbers far outside the chain.
   */
  headers(query: HeaderQuery): Promise<readonly Uint8Array[]>;
  /**
   * Bodies by block hash, one entry for each hash in its order: the RLP list `[transactions, uncles, withdrawals?]`
   * with typed transactions as strings, or `undefined` for what is not there.
   */
  bodies(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * All receipts of a block by its hash, one entry for each hash in its order: the RLP list of
   * `[type, status or state root, cumulative gas, logs]`, which is what eth/69 and 70 put on the wire (see
   * {@link encodeReceipts}), or `undefined` for what is not there.
   */
  receipts(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Calls the listener after every change of what {@link range} returns. The listener is quick and does not throw.
   *
   * @returns a function that ends the subscription.
   */
  onHead(listener: () => void): () => void;
}

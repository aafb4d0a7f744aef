/** A pooled transaction as the gossip sees it. */
export interface PooledInfo {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 0 for a legacy transaction. */
  readonly type: number;
  /** Length of the network form in bytes: of a blob transaction with its sidecar. */
  readonly size: number;
  /** Address of the sender, 20 bytes. */
  readonly sender: Uint8Array;
}

/**
 * What a pool has done with a transaction of a peer:
 * - `added`: it is pooled, and the blobs of its sidecar are verified;
 * - `known`: it was pooled already;
 * - `underpriced`: its fees are too low for now; it is not fetched again for some minutes;
 * - `full`: the pool has no room for it;
 * - `refused`: another rule of the pool or of the state, such as a nonce that has passed;
 * - `invalid`: a breach of the peer that delivered it, such as an undecodable transaction or wrong proofs of blobs.
 */
export type AddOutcome = 'added' | 'known' | 'underpriced' | 'full' | 'refused' | 'invalid';

/**
 * Pool of pending transactions, whose transactions are exchanged with peers. Transactions are in network form:
 * `type ‖ payload`, or a legacy transaction's RLP list; blob transactions with their sidecars.
 *
 * A call may reject or throw when the pool has failed, such as its disk: the peer whose message led to the call is then
 * disconnected, with the error as the cause.
 */
export interface GossipPool {
  /**
   * Whether an announced transaction is to be fetched: not when it is pooled or on chain for a short time, or when the
   * pool does not take its type. The gossip itself remembers which ones were underpriced. Called often.
   */
  wants(hash: Uint8Array, type: number): boolean;
  /** Whether a transaction is pooled. Called often. */
  has(hash: Uint8Array): boolean;
  /** Pooled transactions by hash, one entry for each hash in its order, `undefined` for a missing one. */
  get(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Adds transactions of a peer, at most 128 of at most 10 MiB in all. Only their framing, and for blob transactions the
   * presence of a sidecar, have been checked. The bytes are views of a message: a pool that keeps a transaction copies it.
   *
   * @returns one outcome for each transaction, in order
   */
  add(transactions: readonly Uint8Array[]): Promise<readonly AddOutcome[]>;
  /** Pending transactions without blobs, which are announced to a new peer, the oldest first. */
  pending(): Iterable<PooledInfo>;
  /**
   * Calls the listener with new pending transactions that are to be gossiped. The listener is quick and does not throw.
   *
   * @returns a function that ends the subscription
   */
  onPending(listener: (transactions: readonly PooledInfo[]) => void): () => void;
}

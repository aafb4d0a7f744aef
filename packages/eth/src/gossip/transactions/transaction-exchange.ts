import type { EthError } from '../../error.ts';
import type { EthPeer } from '../../peer/eth-peer.ts';
import type { RawList } from '../../types/raw-list.ts';
import type { TransactionAnnouncement } from '../../wire/messages.ts';

/** Exchange of pooled transactions with all peers. */
export interface TransactionExchange {
  /**
   * Called for each peer after its Status.
   *
   * @param end disconnects the peer because of the error
   */
  connected(peer: EthPeer, end: (error: unknown) => void): PeerTransactions;
}

/**
 * The transactions of one peer. The peer is not read from until a returned promise settles. A rejection or exception ends
 * the peer, as a breach if it is an {@link EthError} with a reason.
 */
export interface PeerTransactions {
  /** Called with a NewPooledTransactionHashes message, whose lists have the same length of at most 16,384. */
  announced(announcement: TransactionAnnouncement): Promise<void> | void;
  /** Called with a Transactions message: at most 5000 in canonical form, of which only the framing has been checked. */
  received(transactions: RawList): Promise<void> | void;
  /**
   * Called for a GetPooledTransactions message: transactions by hash, one entry for each hash in its order. Blob
   * transactions have their sidecars; `undefined` for a missing one.
   */
  get(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Called with the hashes of the transactions in a response to GetPooledTransactions. */
  served(hashes: readonly Uint8Array[]): void;
  /** Called when the peer has disconnected. */
  disconnected(): void;
}

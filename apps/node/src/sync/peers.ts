import type { EthPeer } from '@devp2p/eth';
import type { DisconnectReason } from '@devp2p/peer';

/** A peer that the sync may ask: its Status has been exchanged and is of our chain. */
export interface SyncPeer {
  readonly eth: EthPeer;
  /** Chosen by the operator, and so believed when it says what its best block is. */
  readonly isStatic: boolean;
  /** It has given us so many items that proved to be right. */
  delivered(items: number): void;
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** The peers that there are. */
export interface SyncPeers {
  list(): readonly SyncPeer[];
  /**
   * Calls the listener when a peer came, went, or said something new about its blocks.
   *
   * @returns a function that ends the subscription.
   */
  onChange(listener: () => void): () => void;
  /** Resolves when every static node has been reached, or has failed to be, once. */
  readonly staticsTried: Promise<void>;
}

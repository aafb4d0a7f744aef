import type { EthPeer } from '@devp2p/eth';
import type { DisconnectReason } from '@devp2p/peer';

/** A peer of the same chain, with a completed Status exchange. */
export interface SyncPeer {
  readonly eth: EthPeer;
  /** Whether the operator has chosen it; the best block that it reports may then be a target. */
  readonly isStatic: boolean;
  /** The network that its address belongs to; absent if that is not known. */
  readonly group?: string | undefined;
  /** Counts items that the peer has delivered and that are valid. */
  delivered(items: number): void;
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** The connected peers. */
export interface SyncPeers {
  list(): readonly SyncPeer[];
  /**
   * Calls the listener when a peer connects, disconnects or reports another block range.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: () => void): () => void;
  /** Resolves when every static node has been connected to, or has failed, once. */
  readonly staticsTried: Promise<void>;
}

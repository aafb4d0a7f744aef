import type { EthError } from '../error.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import type { SealedBlock } from '../types/block.ts';
import type { BlockAnnouncement } from '../wire/messages.ts';

/** Exchange of new blocks with all peers. {@link createBlockGossip} creates one. */
export interface BlockExchange {
  /**
   * Called for each peer after its Status.
   *
   * @param end disconnects the peer because of the error
   */
  connected(peer: EthPeer, end: (error: EthError) => void): PeerBlocks;
}

/** The blocks of one peer. Its methods return at once and do not throw. */
export interface PeerBlocks {
  /** Called with the blocks of a NewBlockHashes message, at most 1024. */
  announced(blocks: readonly BlockAnnouncement[]): void;
  /** Called with the block of a NewBlock message, of which only the form has been checked. */
  received(block: SealedBlock, totalDifficulty: bigint): void;
  /** Called when the peer has disconnected. */
  disconnected(): void;
}

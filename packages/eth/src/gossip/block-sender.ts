import type { EthPeer } from '../peer/eth-peer.ts';
import type { BlockAnnouncement, NewBlock } from '../wire/messages.ts';

/** Whole blocks that wait for one peer (go-ethereum, `maxQueuedBlocks`). */
const maxBlocks = 4;
/** Announcements that wait for one peer; they are sent in one message. */
const maxAnnouncements = 64;

/** The part of a peer that blocks are sent to. */
export type BlockReceiver = Pick<EthPeer, 'sendNewBlock' | 'sendNewBlockHashes'>;

/**
 * Sends new blocks to one peer, as fast as it reads them. What exceeds the queues is left out: the peer gets later blocks,
 * and requests the ancestors that it lacks.
 */
export class BlockSender {
  readonly #peer: BlockReceiver;
  readonly #blocks: NewBlock[] = [];
  #announcements: BlockAnnouncement[] = [];
  #isRunning = false;
  #isClosed = false;

  constructor(peer: BlockReceiver) {
    this.#peer = peer;
  }

  /** @returns whether it will be sent */
  send(block: NewBlock): boolean {
    if (this.#isClosed || this.#blocks.length >= maxBlocks) return false;
    this.#blocks.push(block);
    this.#start();
    return true;
  }

  /** @returns whether it will be sent */
  announce(block: BlockAnnouncement): boolean {
    if (this.#isClosed || this.#announcements.length >= maxAnnouncements) return false;
    this.#announcements.push(block);
    this.#start();
    return true;
  }

  /** Drops what waits, and ends the loop. */
  close(): void {
    this.#isClosed = true;
    this.#blocks.length = 0;
    this.#announcements = [];
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // It fails when the peer has disconnected, which ends the loop.
    this.#run().catch(() => this.close());
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const block = this.#blocks[0];
        if (block !== undefined) {
          await this.#peer.sendNewBlock(block);
          this.#blocks.shift();
        } else if (this.#announcements.length > 0) {
          const announcements = this.#announcements;
          this.#announcements = [];
          await this.#peer.sendNewBlockHashes(announcements);
        } else return;
      }
    } finally {
      this.#isRunning = false;
    }
  }
}

import type { Clock } from '@devp2p/clock';
import { EthError } from '../error.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import type { BlockAnnouncement, NewBlock } from '../wire/messages.ts';
import { BlockSender } from './block-sender.ts';
import { FaultScore, type faultPoints, maxFaults } from './fault-score.ts';
import { KnownBlocks } from './known-blocks.ts';

/**
 * Blocks by which a peer may be below a block that is sent to it: more than twice the distance of its range updates. A
 * peer that is further below is syncing and has no use for the block.
 */
const maxLag = 64;

/** A peer with which new blocks are exchanged. */
export class GossipPeer {
  readonly eth: EthPeer;
  readonly known: KnownBlocks = new KnownBlocks();
  /** Whether its blocks are passed on before they have been executed: not after an invalid one. */
  isTrusted = true;
  isConnected = true;
  readonly #sender: BlockSender;
  readonly #faults: FaultScore;
  readonly #end: (error: EthError) => void;

  constructor(eth: EthPeer, end: (error: EthError) => void, clock: Pick<Clock, 'monotonic'>) {
    this.eth = eth;
    this.#end = end;
    this.#sender = new BlockSender(eth);
    this.#faults = new FaultScore(clock);
  }

  /** Whether a block is to be sent or announced to it. */
  wants(key: string, number: number): boolean {
    const { range } = this.eth;
    return !this.known.has(key) && (range === undefined || range.latest + maxLag >= number);
  }

  send(key: string, block: NewBlock): void {
    if (this.#sender.send(block)) this.known.add(key, 'sent');
  }

  announce(key: string, block: BlockAnnouncement): void {
    if (this.#sender.announce(block)) this.known.add(key, 'sent');
  }

  /** Counts a fault, and disconnects the peer at the limit. */
  fault(fault: keyof typeof faultPoints): void {
    if (!this.isConnected || !this.#faults.add(fault)) return;
    this.breach(new EthError('useless-blocks', `useless blocks and announcements of more than ${maxFaults} points`));
  }

  breach(error: EthError): void {
    if (!this.isConnected) return;
    this.close();
    this.#end(error);
  }

  /** Ends its outgoing loop. */
  close(): void {
    this.isConnected = false;
    this.#sender.close();
  }
}

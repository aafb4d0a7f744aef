import type { EthPeer } from '../../peer/eth-peer.ts';
import type { GossipPool } from './gossip-pool.ts';
import { KnownHashes } from './known-hashes.ts';
import { PeerStats, type TransactionStats } from './stats.ts';
import { type ImportContext, TransactionImporter } from './transaction-importer.ts';
import { TransactionSender } from './transaction-sender.ts';

/** What the peers of a gossip share. */
export interface TransactionPeerContext extends ImportContext {
  readonly pool: GossipPool;
  readonly stats: TransactionStats;
  /** 64 random bits. */
  readonly secret: readonly [number, number];
}

/** A peer with which transactions are exchanged. */
export class TransactionPeer {
  readonly eth: EthPeer;
  readonly known: KnownHashes;
  readonly stats: PeerStats;
  readonly sender: TransactionSender;
  readonly importer: TransactionImporter;
  isConnected = true;
  /** Whether the pending transactions have been announced to it. */
  knowsPending = false;
  /** @see PeerTransactionInfo.lastAccepted */
  lastAccepted: number | undefined;
  readonly #end: (error: unknown) => void;
  readonly #closing = new AbortController();

  constructor(eth: EthPeer, end: (error: unknown) => void, context: TransactionPeerContext) {
    this.eth = eth;
    this.#end = end;
    this.known = new KnownHashes(context.secret);
    this.stats = new PeerStats(context.stats);
    this.sender = new TransactionSender(eth, context.pool, this.stats, (error) => this.end(error));
    this.importer = new TransactionImporter(context, this.known, this.stats, this.#closing.signal);
  }

  /** Disconnects it. */
  end(error: unknown): void {
    if (!this.isConnected) return;
    this.close();
    this.#end(error);
  }

  /** Ends its loops and imports. */
  close(): void {
    this.isConnected = false;
    this.sender.close();
    this.#closing.abort();
  }
}

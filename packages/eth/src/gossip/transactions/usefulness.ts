import type { Clock } from '@devp2p/clock';
import { hashKey } from './hash-key.ts';

/** Transactions whose deliverer is remembered (go-ethereum, `txtracker`). */
const maxTransactions = 262_144;
/** Weight of each new block in the moving averages. */
const inclusionWeight = 0.05;
const finalityWeight = 0.0001;
/** Blocks with transactions of peers that wait to be finalized. Finality takes about 100 blocks. */
const maxBlocks = 4096;
/** Part of the peers that the most useful ones are. */
const share = 0.1;

/** Averages over the blocks of a chain, of transactions that a peer was the first to deliver. */
export interface Usefulness {
  /** In each block: the average of about the last 20 blocks. */
  readonly included: number;
  /** In each block that is final: the average of about the last 10,000 blocks. */
  readonly finalized: number;
}

/** A block of the canonical chain. */
export interface IncludedBlock {
  readonly number: number;
  /** In seconds since the epoch. */
  readonly timestamp: number;
  /** Hashes of its transactions, 32 bytes each. */
  readonly transactions: Iterable<Uint8Array>;
}

interface Averages {
  included: number;
  finalized: number;
}

interface Delivery<Peer> {
  readonly peer: Peer;
  /** Wall clock in seconds. */
  readonly at: number;
}

/**
 * Measures which peers are useful: those that are the first to deliver transactions that later become part of the chain.
 * A peer cannot gain by it unless it pays for the transactions that it makes.
 */
export class UsefulPeers<Peer> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #peers = new Map<Peer, Averages>();
  /** By key of the transaction, the oldest first. */
  readonly #deliveries = new Map<string, Delivery<Peer>>();
  /** Transactions by peer in each block that is not final, by number. */
  readonly #blocks = new Map<number, ReadonlyMap<Peer, number>>();
  #finalized = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Number of transactions whose deliverer is remembered. */
  get size(): number {
    return this.#deliveries.size;
  }

  add(peer: Peer): void {
    this.#peers.set(peer, { included: 0, finalized: 0 });
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Records transactions of a peer that the pool has accepted. The first deliverer of a transaction counts. */
  delivered(peer: Peer, hashes: readonly Uint8Array[]): void {
    const at = Math.floor(this.#clock.now() / 1000);
    for (const hash of hashes) {
      const key = hashKey(hash);
      if (this.#deliveries.has(key)) continue;
      this.#deliveries.set(key, { peer, at });
      if (this.#deliveries.size <= maxTransactions) continue;
      const [oldest] = this.#deliveries.keys();
      if (oldest !== undefined) this.#deliveries.delete(oldest);
    }
  }

  /**
   * Credits inclusion. Called for each new block of the canonical chain, also with one that replaces a block of the same
   * number. Transactions that were delivered after the block was made, such as repeated ones, do not count.
   */
  included({ number, timestamp, transactions }: IncludedBlock): void {
    const credits = new Map<Peer, number>();
    for (const hash of transactions) {
      const delivery = this.#deliveries.get(hashKey(hash));
      if (delivery === undefined || delivery.at >= timestamp) continue;
      credits.set(delivery.peer, (credits.get(delivery.peer) ?? 0) + 1);
    }
    for (const [peer, averages] of this.#peers) {
      averages.included += inclusionWeight * ((credits.get(peer) ?? 0) - averages.included);
    }
    // A reorganization replaces the blocks above, which are added again.
    for (const other of this.#blocks.keys()) if (other >= number) this.#blocks.delete(other);
    if (credits.size === 0 || number <= this.#finalized) return;
    this.#blocks.set(number, credits);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > maxBlocks && oldest !== undefined) this.#blocks.delete(oldest);
  }

  /** Credits finality of all blocks up to a number. */
  finalized(number: number): void {
    if (number <= this.#finalized) return;
    // The first call may come long after the start of the chain.
    const blocks = this.#finalized === 0 ? 1 : Math.min(number - this.#finalized, maxBlocks);
    this.#finalized = number;
    const credits = new Map<Peer, number>();
    for (const [each, perPeer] of this.#blocks) {
      if (each > number) continue;
      this.#blocks.delete(each);
      for (const [peer, count] of perPeer) credits.set(peer, (credits.get(peer) ?? 0) + count);
    }
    const kept = (1 - finalityWeight) ** blocks;
    for (const [peer, averages] of this.#peers) {
      averages.finalized = averages.finalized * kept + finalityWeight * (credits.get(peer) ?? 0);
    }
  }

  /** Averages of a connected peer. */
  of(peer: Peer): Usefulness | undefined {
    const averages = this.#peers.get(peer);
    return averages && { ...averages };
  }

  /**
   * The most useful of these peers: a tenth of them by each of the two averages, rounded down but at least one, without
   * those whose average is 0.
   */
  mostUseful(peers: readonly Peer[]): ReadonlySet<Peer> {
    const useful = new Set<Peer>();
    const count = Math.max(1, Math.floor(peers.length * share));
    for (const by of ['included', 'finalized'] as const) {
      const ranked = peers
        .map((peer) => ({ peer, value: this.#peers.get(peer)?.[by] ?? 0 }))
        .filter(({ value }) => value > 0)
        .sort((a, b) => b.value - a.value);
      for (const { peer } of ranked.slice(0, count)) useful.add(peer);
    }
    return useful;
  }
}

import type { EthPeer } from '../../peer/eth-peer.ts';
import type { GossipPool, PooledInfo } from './gossip-pool.ts';
import type { PeerStats } from './stats.ts';

/** Transactions that wait for one peer in each of the two queues (go-ethereum, `maxQueuedTxs`). */
const maxQueued = 4096;
/** Length of a message in bytes after which no further transaction is added (go-ethereum, `maxTxPacketSize`). */
const packLength = 100 * 1024;
/** Hashes in an announcement, which have that length. */
const maxAnnounced = packLength / 32;

/** The part of a peer that transactions are sent to. */
export type TransactionReceiver = Pick<EthPeer, 'sendTransactions' | 'announceTransactions'>;

/**
 * Sends and announces transactions to one peer, as fast as it reads them. Of each of the two queues the oldest are left
 * out when there are too many. Transactions that have left the pool in the meantime are not sent.
 */
export class TransactionSender {
  readonly #peer: TransactionReceiver;
  readonly #pool: Pick<GossipPool, 'get' | 'has'>;
  readonly #stats: Pick<PeerStats, 'add'>;
  readonly #onError: (error: unknown) => void;
  readonly #whole = new Lane();
  readonly #hashes = new Lane();
  #isClosed = false;

  /** @param onError called when the pool fails */
  constructor(
    peer: TransactionReceiver,
    pool: Pick<GossipPool, 'get' | 'has'>,
    stats: Pick<PeerStats, 'add'>,
    onError: (error: unknown) => void,
  ) {
    this.#peer = peer;
    this.#pool = pool;
    this.#stats = stats;
    this.#onError = onError;
  }

  /** Sends transactions whole. */
  send(transactions: readonly PooledInfo[]): void {
    this.#add(this.#whole, transactions, () => this.#sendNext());
  }

  /** Announces transactions. */
  announce(transactions: readonly PooledInfo[]): void {
    this.#add(this.#hashes, transactions, () => this.#announceNext());
  }

  /** Drops what waits. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#whole.queue = [];
    this.#hashes.queue = [];
  }

  #add(lane: Lane, transactions: readonly PooledInfo[], step: () => Promise<void>): void {
    if (this.#isClosed) return;
    lane.add(transactions);
    if (!lane.isRunning) void this.#run(lane, step);
  }

  /** Repeats a step while something waits. */
  async #run(lane: Lane, step: () => Promise<void>): Promise<void> {
    lane.isRunning = true;
    try {
      // All that comes in one turn is sent together.
      await undefined;
      while (lane.queue.length > 0) await step();
    } catch (error) {
      if (!this.#isClosed) this.#onError(error);
      this.close();
    } finally {
      lane.isRunning = false;
    }
  }

  async #sendNext(): Promise<void> {
    const { queue } = this.#whole;
    let length = 0;
    let count = 0;
    while (count < queue.length && length < packLength) length += (queue[count++] as PooledInfo).size;
    const hashes = queue.splice(0, count).map(({ hash }) => hash);
    const found = await this.#pool.get(hashes);
    const transactions = found.filter((transaction) => transaction !== undefined);
    if (this.#isClosed || transactions.length === 0) return;
    this.#stats.add('sentWhole', transactions.length);
    await this.#peer.sendTransactions(transactions);
  }

  async #announceNext(): Promise<void> {
    const { queue } = this.#hashes;
    const next: PooledInfo[] = [];
    let count = 0;
    for (; count < queue.length && next.length < maxAnnounced; count++) {
      const info = queue[count] as PooledInfo;
      if (this.#pool.has(info.hash)) next.push(info);
    }
    queue.splice(0, count);
    if (next.length === 0) return;
    this.#stats.add('sentHashes', next.length);
    await this.#peer.announceTransactions({
      types: Uint8Array.from(next, ({ type }) => type),
      sizes: next.map(({ size }) => size),
      hashes: next.map(({ hash }) => hash),
    });
  }
}

/** A queue and the loop that empties it. */
class Lane {
  queue: PooledInfo[] = [];
  isRunning = false;

  add(transactions: readonly PooledInfo[]): void {
    for (const info of transactions) this.queue.push(info);
    if (this.queue.length > maxQueued) this.queue.splice(0, this.queue.length - maxQueued);
  }
}

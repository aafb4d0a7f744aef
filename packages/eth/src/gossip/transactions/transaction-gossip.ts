import { type Clock, systemClock } from '@devp2p/clock';
import { nobleCrypto } from '@devp2p/crypto';
import { createRandomSource, type RandomSource, randomBytes } from '@devp2p/random';
import { EthError } from '../../error.ts';
import type { EthPeer } from '../../peer/eth-peer.ts';
import { blobType } from '../../types/decode-transaction.ts';
import type { RawList } from '../../types/raw-list.ts';
import { hasSidecar } from '../../types/transaction.ts';
import type { TransactionAnnouncement } from '../../wire/messages.ts';
import { ReceiverChoice } from './choose-receivers.ts';
import type { GossipPool, PooledInfo } from './gossip-pool.ts';
import { hashKey, hashOfKey } from './hash-key.ts';
import { createStats, type TransactionStats } from './stats.ts';
import type { PeerTransactions, TransactionExchange } from './transaction-exchange.ts';
import { type FetcherSize, TransactionFetcher } from './transaction-fetcher.ts';
import type { ImportContext, Received } from './transaction-importer.ts';
import { checkTransactionOptions, type TransactionGossipOptions } from './transaction-options.ts';
import { TransactionPeer } from './transaction-peer.ts';
import { Underpriced } from './underpriced.ts';
import { type IncludedBlock, type Usefulness, UsefulPeers } from './usefulness.ts';

/** Transactions above this length in bytes are only announced (go-ethereum, `txMaxBroadcastSize`). */
const maxWholeLength = 4096;

/** State of the exchange with one peer. */
export interface PeerTransactionInfo {
  /** Counts since it has connected. */
  readonly stats: Readonly<TransactionStats>;
  /** Announced transactions that are waiting, queued or in flight: at most 4096. */
  readonly pendingAnnouncements: number;
  /** Monotonic time at which the peer last delivered a transaction that the pool has accepted. */
  readonly lastAccepted: number | undefined;
  readonly usefulness: Usefulness;
}

/**
 * Exchange of pooled transactions between all peers.
 *
 * A new pending transaction goes whole to ⌈√n⌉ of the n peers, the same ones for each sender, and its hash to the others;
 * blob transactions and those above 4096 bytes are only announced. Announced transactions are fetched from one announcer
 * at a time. Peers that break the protocol, send invalid transactions or announce them falsely are disconnected.
 */
export interface TransactionGossip extends TransactionExchange {
  /** Counts of all peers since the start. */
  readonly stats: Readonly<TransactionStats>;
  /** Announced transactions by their stage. */
  pending(): FetcherSize;
  /** State of the exchange with a peer; `undefined` for one that is not connected. */
  info(peer: EthPeer): PeerTransactionInfo | undefined;
  /**
   * Credits the peers that have delivered the transactions of a new block. To be called for each block that becomes part
   * of the canonical chain.
   */
  included(block: IncludedBlock): void;
  /** Credits the peers that have delivered transactions of blocks up to this number, which are final. */
  finalized(number: number): void;
  /**
   * The most useful of these peers, a tenth of them by each average of {@link Usefulness}: those that are not to be dropped
   * for others.
   */
  mostUseful(peers: readonly EthPeer[]): ReadonlySet<EthPeer>;
  /** Ends the exchange: nothing is sent or fetched any more. Peers stay connected and are served. Idempotent. */
  close(): void;
}

/**
 * Creates an exchange of pooled transactions: an option of {@link eth}.
 *
 * @throws EthError `invalid-option`
 */
export function createTransactionGossip(options: TransactionGossipOptions): TransactionGossip {
  checkTransactionOptions(options);
  return new Gossip(options);
}

class Gossip implements TransactionGossip {
  readonly stats: TransactionStats = createStats();
  readonly #pool: GossipPool;
  readonly #isReady: () => boolean;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #import: ImportContext;
  readonly #fetcher: TransactionFetcher<TransactionPeer>;
  readonly #receivers: ReceiverChoice<TransactionPeer>;
  readonly #useful: UsefulPeers<EthPeer>;
  readonly #peers = new Map<EthPeer, TransactionPeer>();
  readonly #unsubscribe: () => void;
  #isClosed = false;

  constructor({ pool, isReady = () => true, id, crypto = nobleCrypto, ...options }: TransactionGossipOptions) {
    const { clock = systemClock, random = randomBytes } = options;
    this.#pool = pool;
    this.#isReady = isReady;
    this.#clock = clock;
    this.#random = createRandomSource(random);
    const underpriced = new Underpriced(clock);
    this.#import = { pool, clock, crypto, underpriced };
    this.#receivers = new ReceiverChoice(random(16), id ?? random(64));
    this.#useful = new UsefulPeers(clock);
    this.#fetcher = new TransactionFetcher({
      clock,
      random: this.#random,
      wants: (hash, type, key) => !underpriced.has(key) && pool.wants(hash, type),
      request: (peer, keys) => void this.#fetch(peer, keys),
      onFalse: (peer, problem) => peer.end(new EthError('invalid-transactions', `a transaction was ${problem}`)),
    });
    this.#unsubscribe = pool.onPending((transactions) => this.#send(transactions));
  }

  connected(eth: EthPeer, end: (error: unknown) => void): PeerTransactions {
    const secret = [this.#random.uint32(), this.#random.uint32()] as const;
    const peer = new TransactionPeer(eth, end, { ...this.#import, pool: this.#pool, secret, stats: this.stats });
    this.#peers.set(eth, peer);
    this.#receivers.add(peer, eth.id);
    this.#useful.add(eth);
    this.#announcePending(peer);
    return {
      announced: (announcement) => this.#announced(peer, announcement),
      received: (transactions) => this.#received(peer, transactions),
      get: (hashes) => this.#pool.get(hashes),
      served: (hashes) => {
        peer.stats.add('served', hashes.length);
        for (const hash of hashes) peer.known.add(hash);
      },
      disconnected: () => {
        peer.close();
        this.#peers.delete(eth);
        this.#receivers.remove(peer);
        this.#useful.remove(eth);
        this.#fetcher.removePeer(peer);
      },
    };
  }

  pending(): FetcherSize {
    return this.#fetcher.size();
  }

  info(eth: EthPeer): PeerTransactionInfo | undefined {
    const peer = this.#peers.get(eth);
    const usefulness = this.#useful.of(eth);
    if (peer === undefined || usefulness === undefined) return undefined;
    const { stats, lastAccepted } = peer;
    return { stats: stats.own, lastAccepted, usefulness, pendingAnnouncements: this.#fetcher.announcedBy(peer) };
  }

  included(block: IncludedBlock): void {
    this.#useful.included(block);
  }

  finalized(number: number): void {
    this.#useful.finalized(number);
  }

  mostUseful(peers: readonly EthPeer[]): ReadonlySet<EthPeer> {
    return this.#useful.mostUseful(peers);
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#fetcher.clear();
    for (const peer of this.#peers.values()) peer.sender.close();
  }

  #accepts(): boolean {
    return !this.#isClosed && this.#isReady();
  }

  #announced(peer: TransactionPeer, announcement: TransactionAnnouncement): void {
    if (!this.#accepts()) return;
    const { hashes } = announcement;
    for (const hash of hashes) peer.known.add(hash);
    peer.stats.add('announced', hashes.length);
    peer.stats.add('wanted', this.#fetcher.announced(peer, announcement));
  }

  #received(peer: TransactionPeer, list: RawList): Promise<void> | void {
    if (!this.#accepts()) return;
    const transactions = [...list];
    if (transactions.some((transaction) => transaction[0] === blobType)) {
      throw new EthError('invalid-transactions', 'a blob transaction that was not requested');
    }
    peer.stats.add('broadcast', transactions.length);
    return this.#add(
      peer,
      transactions.map((transaction) => ({ transaction })),
    );
  }

  /** Adds transactions of a peer to the pool. */
  #add(peer: TransactionPeer, transactions: readonly Received[]): Promise<void> {
    return peer.importer.import(transactions, {
      arrived: (batch) => this.#fetcher.arrived(batch.map(({ key }) => key)),
      settled: (batch, invalid) => this.#fetcher.settled(peer, batch, invalid),
      accepted: (hashes) => {
        peer.lastAccepted = this.#clock.monotonic();
        if (peer.isConnected) this.#useful.delivered(peer.eth, hashes);
      },
    });
  }

  async #fetch(peer: TransactionPeer, keys: readonly string[]): Promise<void> {
    const delivered = new Set<string>();
    try {
      peer.stats.add('requested', keys.length);
      const found = await peer.eth.getPooledTransactions(keys.map(hashOfKey), { timeout: Number.POSITIVE_INFINITY });
      peer.stats.add('delivered', found.length);
      for (const { hash, transaction } of found) {
        delivered.add(hashKey(hash));
        if (transaction[0] === blobType && !hasSidecar(transaction)) {
          throw new EthError('invalid-transactions', 'a blob transaction without its sidecar');
        }
      }
      this.#fetcher.answered(peer, delivered);
      await this.#add(peer, found);
    } catch (error) {
      this.#fetcher.answered(peer, new Set());
      const isOfRequest = error instanceof EthError && error.code !== 'invalid-transactions';
      // A breach by the response itself has already ended the peer.
      if (!isOfRequest) peer.end(error);
    } finally {
      this.#fetcher.finished(peer, delivered);
    }
  }

  /** Announces the pending transactions to a peer, once. */
  #announcePending(peer: TransactionPeer): void {
    if (peer.knowsPending || !this.#accepts()) return;
    peer.knowsPending = true;
    peer.sender.announce([...this.#pool.pending()].filter(({ hash }) => peer.known.add(hash)));
  }

  /** Sends new pending transactions to the peers that do not know them. */
  #send(transactions: readonly PooledInfo[]): void {
    if (!this.#accepts()) return;
    const whole = new Map<TransactionPeer, PooledInfo[]>();
    for (const info of transactions) {
      if (info.type === blobType || info.size > maxWholeLength) continue;
      for (const peer of this.#receivers.for(info.sender)) {
        const list = whole.get(peer);
        if (list === undefined) whole.set(peer, [info]);
        else list.push(info);
      }
    }
    for (const peer of this.#peers.values()) {
      // Before the announcement of the others: they are pending, too.
      peer.sender.send((whole.get(peer) ?? []).filter(({ hash }) => peer.known.add(hash)));
      this.#announcePending(peer);
      peer.sender.announce(transactions.filter(({ hash }) => peer.known.add(hash)));
    }
  }
}

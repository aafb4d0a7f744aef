import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { RandomBytes } from '@devp2p/random';
import { RlpError } from '@devp2p/rlp';
import type { AddOutcome, GossipPool } from '../gossip/transactions/gossip-pool.ts';
import { hashKey } from '../gossip/transactions/hash-key.ts';
import type { TransactionExchange } from '../gossip/transactions/transaction-exchange.ts';
import { createTransactionGossip } from '../gossip/transactions/transaction-gossip.ts';
import { decodePooledTransaction } from '../types/pooled-transaction.ts';
import type { RawList } from '../types/raw-list.ts';
import { transactionHash } from '../types/transaction.ts';
import type { PooledTransaction } from './eth-peer.ts';
import { TransactionFeed } from './transaction-feed.ts';

/** Transactions that are not fetched again. */
const maxSeen = 32_768;

/** The readers of the transactions of one peer. */
export class TransactionFeeds {
  readonly #feeds = new Set<TransactionFeed>();
  readonly #crypto: Crypto;
  readonly #onIdle: () => void;

  /** @param onIdle called when the last reader has ended */
  constructor(crypto: Crypto, onIdle: () => void) {
    this.#crypto = crypto;
    this.#onIdle = onIdle;
  }

  /** @param onEnd called when the reader has ended */
  open(onEnd: () => void): TransactionFeed {
    const feed = new TransactionFeed((ended) => {
      onEnd();
      if (this.#feeds.delete(ended) && this.#feeds.size === 0) this.#onIdle();
    });
    this.#feeds.add(feed);
    return feed;
  }

  /** Whether a reader takes transactions. */
  get isWanting(): boolean {
    for (const feed of this.#feeds) if (!feed.isFull) return true;
    return false;
  }

  /** Passes transactions on whose framing has been checked. Malformed blob transactions are left out. */
  received(transactions: RawList): void {
    if (this.#feeds.size === 0) return;
    const found: PooledTransaction[] = [];
    for (const transaction of transactions) {
      try {
        found.push({ hash: transactionHash(transaction, this.#crypto), transaction });
      } catch (error) {
        if (!(error instanceof RlpError)) throw error;
      }
    }
    this.delivered(found);
  }

  delivered(transactions: readonly PooledTransaction[]): void {
    for (const feed of this.#feeds) for (const each of transactions) feed.push(each);
  }

  end(): void {
    for (const feed of this.#feeds) feed.end();
  }
}

/** Creates an exchange that fetches announced transactions for readers alone, and keeps and sends none. */
export function createListener(
  feeds: Pick<TransactionFeeds, 'isWanting'>,
  { crypto, clock, random }: { readonly crypto: Crypto; readonly clock: Clock; readonly random: RandomBytes },
): TransactionExchange {
  const seen = new Set<string>();
  const pool: GossipPool = {
    wants: (hash) => feeds.isWanting && !seen.has(hashKey(hash)),
    has: (hash) => seen.has(hashKey(hash)),
    get: async (hashes) => hashes.map(() => undefined),
    add: async (transactions) =>
      transactions.map((transaction): AddOutcome => {
        if (!isWellFormed(transaction)) return 'invalid';
        seen.add(hashKey(transactionHash(transaction, crypto)));
        const [oldest] = seen;
        if (seen.size > maxSeen && oldest !== undefined) seen.delete(oldest);
        return 'added';
      }),
    pending: () => [],
    onPending: () => () => {},
  };
  return createTransactionGossip({ pool, crypto, clock, random });
}

function isWellFormed(transaction: Uint8Array): boolean {
  try {
    decodePooledTransaction(transaction);
    return true;
  } catch (error) {
    if (error instanceof RlpError) return false;
    throw error;
  }
}

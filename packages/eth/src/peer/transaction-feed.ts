import { hashKey } from '../gossip/transactions/hash-key.ts';
import type { PooledTransaction } from './eth-peer.ts';

/** Transactions that wait for the reader, and their length in bytes. Further ones are left out. */
const maxWaiting = 4096;
const maxBytes = 16 * 1024 * 1024;
/** Transactions that are not returned twice. */
const maxSeen = 32_768;

type Result = IteratorResult<PooledTransaction, undefined>;

/** Transactions of a peer, for a reader that takes one after the other. */
export class TransactionFeed implements AsyncIterableIterator<PooledTransaction, undefined> {
  readonly #waiting: PooledTransaction[] = [];
  readonly #readers: { resolve(result: Result): void; reject(reason: unknown): void }[] = [];
  readonly #seen = new Set<string>();
  readonly #onEnd: (feed: TransactionFeed) => void;
  #bytes = 0;
  #isEnded = false;
  #error: { readonly reason: unknown } | undefined;

  /** @param onEnd called when the reader has ended */
  constructor(onEnd: (feed: TransactionFeed) => void) {
    this.#onEnd = onEnd;
  }

  /** Whether it takes no further transaction until the reader has taken one. */
  get isFull(): boolean {
    return this.#waiting.length >= maxWaiting || this.#bytes >= maxBytes;
  }

  push(pooled: PooledTransaction): void {
    const key = hashKey(pooled.hash);
    if (this.#isEnded || this.isFull || this.#seen.has(key)) return;
    this.#seen.add(key);
    const [oldest] = this.#seen;
    if (this.#seen.size > maxSeen && oldest !== undefined) this.#seen.delete(oldest);
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: pooled });
      return;
    }
    // A view would keep its message, of up to 10 MiB, in memory.
    this.#waiting.push({ hash: pooled.hash.slice(), transaction: pooled.transaction.slice() });
    this.#bytes += pooled.transaction.length;
  }

  /** Ends it once the reader has taken the transactions that wait. @param error rejects the reader, if given */
  end(error?: { readonly reason: unknown }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
    this.#onEnd(this);
  }

  next(): Promise<Result> {
    const value = this.#waiting.shift();
    if (value !== undefined) {
      this.#bytes -= value.transaction.length;
      return Promise.resolve({ done: false, value });
    }
    return new Promise((resolve, reject) => {
      if (this.#isEnded) this.#finish({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<Result> {
    this.#waiting.length = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish({ resolve, reject }: { resolve(result: Result): void; reject(reason: unknown): void }): void {
    if (this.#error === undefined) resolve({ done: true, value: undefined });
    else {
      reject(this.#error.reason);
      this.#error = undefined;
    }
  }
}

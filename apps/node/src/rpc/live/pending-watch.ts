import { decodeTransaction } from '@devp2p/eth';
import type { Pool, PoolTransaction } from '../../txpool/interfaces.ts';
import { toData } from '../codec/hex.ts';
import { transactionJson } from '../codec/transaction.ts';

/** Transactions that become executable in the pool. */
export interface PendingWatch {
  /**
   * Calls the listener with the hashes of new transactions, or with the whole ones.
   *
   * @returns a function that ends the subscription
   */
  onTransactions(whole: boolean, listener: (transactions: readonly unknown[]) => void): () => void;
}

/** Batches whose transactions are read; while more arrive, those are not reported whole. */
const maxWaiting = 64;

export function watchPending(pool: Pool): PendingWatch {
  const readers = new Set<(transactions: readonly unknown[]) => void>();
  let end: (() => void) | undefined;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** Reads the transactions of a batch once for all listeners. */
  const report = async (transactions: readonly PoolTransaction[]): Promise<void> => {
    const whole: unknown[] = [];
    for (const { hash } of transactions) {
      const found = await pool.get(hash);
      // One that has left the pool meanwhile is not pending any more.
      if (found !== undefined) {
        whole.push(transactionJson(decodeTransaction(found.raw), undefined, found));
      }
    }
    if (whole.length === 0) return;
    for (const reader of [...readers]) reader(whole);
  };
  const onPending = (transactions: readonly PoolTransaction[]): void => {
    if (waiting >= maxWaiting) return;
    waiting += 1;
    last = last
      .then(() => report(transactions))
      // A transaction that cannot be read from disk is reported by the pool.
      .catch(() => {})
      .finally(() => {
        waiting -= 1;
      });
  };

  return {
    onTransactions(whole, listener) {
      if (!whole) return pool.onPending((transactions) => listener(transactions.map(({ hash }) => toData(hash))));
      readers.add(listener);
      end ??= pool.onPending(onPending);
      return () => {
        readers.delete(listener);
        if (readers.size > 0) return;
        end?.();
        end = undefined;
      };
    },
  };
}

import type { TransactionErrorCode } from '../errors/transaction-error.ts';
import type { BuiltBlock } from '../execution/build-request.ts';
import type { PendingTransaction, TransactionSource } from '../txpool/transaction-source.ts';

/** Transactions that wait for a block of a development chain. */
export interface WaitingTransactions extends Pick<TransactionSource, 'pending'> {
  readonly size: number;
  /**
   * Adds a transaction.
   *
   * @param transaction as `BlockProducer.add` takes it
   * @returns its hash, 32 bytes
   * @throws DevError `transaction-refused`, `queue-full`, `closed`
   */
  add(transaction: Uint8Array): Promise<Uint8Array>;
  /** Calls the listener when transactions have been added. @returns a function that ends the subscription */
  onPending(listener: () => void): () => void;
  /**
   * Removes transactions of a block that has become the head, and those that no later block can include.
   *
   * @param tried transactions in the order of the request for the block
   */
  settle(block: BuiltBlock, tried: readonly PendingTransaction[]): Promise<void>;
}

/** Whether a checked transaction was refused because the others of the block had left too little room. */
export function isOfFullBlock(code: TransactionErrorCode): boolean {
  return code === 'block-gas' || code === 'blobs';
}

import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { recoverSender } from '@devp2p/eth';
import { TransactionError } from '../errors/transaction-error.ts';
import { decodeTransaction } from '../validation/decode-transaction.ts';
import type { BlobSidecar, PendingTransaction, TransactionSource } from './transaction-source.ts';

/** @see createGivenTransactions */
export interface GivenTransactionsOptions {
  readonly crypto: Crypto;
  /** Transactions that are kept; the oldest ones are dropped for later ones. @default 4096 */
  readonly maxTransactions?: number | undefined;
  /** Bytes of transactions and blobs that are kept. @default 64 MiB */
  readonly maxBytes?: number | undefined;
}

/** @see GivenTransactions.add */
interface AddOptions {
  /** Whether its sender takes precedence over others. @default true */
  readonly isLocal?: boolean | undefined;
  /** The blobs of a blob transaction, whose proofs the caller has verified. */
  readonly sidecar?: BlobSidecar | undefined;
}

/** Transactions that the program itself gives to the builder of blocks. */
export interface GivenTransactions extends TransactionSource {
  /**
   * Adds a transaction, which replaces an earlier one of the same sender with the same nonce.
   *
   * @param raw in canonical form, without blobs
   * @returns its hash, 32 bytes
   * @throws TransactionError `transaction`, `sidecar`, `signature`
   */
  add(raw: Uint8Array, options?: AddOptions): Uint8Array;
}

export function createGivenTransactions(options: GivenTransactionsOptions): GivenTransactions {
  const { crypto, maxTransactions = 4096, maxBytes = 64 * 1024 * 1024 } = options;
  /** By sender and nonce, the oldest first. */
  const given = new Map<string, PendingTransaction>();
  let bytes = 0;
  const remove = (key: string): void => {
    const old = given.get(key);
    if (old === undefined) return;
    given.delete(key);
    bytes -= sizeOf(old);
  };
  return {
    add(raw, { isLocal = true, sidecar } = {}) {
      const transaction = decodeTransaction(raw.slice());
      const sender = recoverSender(transaction.raw, crypto);
      if (sender === undefined) throw new TransactionError('signature', 'the signature is invalid');
      const key = `${toHex(sender)} ${transaction.nonce}`;
      remove(key);
      const added: PendingTransaction = { transaction, sender, isLocal, sidecar };
      given.set(key, added);
      bytes += sizeOf(added);
      for (const oldest of given.keys()) {
        if (given.size <= maxTransactions && bytes <= maxBytes) break;
        remove(oldest);
      }
      return crypto.keccak256(transaction.raw);
    },
    pending: () => given.values(),
  };
}

function sizeOf({ transaction, sidecar }: PendingTransaction): number {
  let size = transaction.raw.length;
  for (const blob of sidecar?.blobs ?? []) size += blob.length;
  for (const proof of sidecar?.proofs ?? []) size += proof.length;
  return size;
}

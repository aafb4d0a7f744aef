import type { TransactionErrorCode } from '../errors/transaction-error.ts';

/** The reason for which the pool refuses a transaction, or drops it. */
export type PoolErrorCode =
  /** A rule that every block has. */
  | TransactionErrorCode
  /** It is in the pool. */
  | 'known'
  /** The pool does not take its type, or the fork of the head does not. */
  | 'type'
  /** It is longer than 131,072 bytes, or than 1 MiB with blobs. */
  | 'size'
  /** Its nonce is below that of the sender. */
  | 'nonce-low'
  /** Its nonce is above the next one, which a blob transaction and one of a delegated sender must have. */
  | 'nonce-gap'
  /** Its tip or fee is below the minimum of the pool, or below everything in a full pool. */
  | 'underpriced'
  /** It does not pay enough more than the transaction of the same nonce. */
  | 'replacement'
  /** The sender cannot pay for it and its other pending transactions together. */
  | 'overdraft'
  /** The sender has the most transactions that it may have. */
  | 'account-limit'
  /** A delegated sender has a pending transaction (EIP-7702). */
  | 'delegated'
  /** The sender has transactions of the other kind, plain or with blobs. */
  | 'reserved'
  /** An account that it delegates has more than one transaction, or transactions with blobs. */
  | 'authority'
  /** Its list of authorizations is empty (EIP-7702). */
  | 'authorizations'
  /** The pool is full. */
  | 'full'
  /** A proof of its blobs is false. */
  | 'proof'
  /** It has no replay protection (EIP-155), which local transactions must have. */
  | 'unprotected'
  /** The state of the head cannot be read now. */
  | 'no-state'
  /** The pool is closed. */
  | 'closed';

/** The reason for which a transaction has left the pool. */
export type DropReason =
  | PoolErrorCode
  /** It is part of a block, or another one with its nonce is. */
  | 'included'
  /** Another one with its nonce pays more. */
  | 'replaced'
  /** It waited too long for an earlier nonce. */
  | 'expired'
  /** There were too many of its sender, or in all. */
  | 'truncated';

/** Result of the addition of one transaction. */
export type AddResult =
  | {
      readonly status: 'added';
      /** 32 bytes. */
      readonly hash: Uint8Array;
      /** Whether it is executable; else it waits for an earlier nonce or for room. */
      readonly isPending: boolean;
    }
  | {
      readonly status: 'refused';
      /** 32 bytes; absent for a malformed one. */
      readonly hash: Uint8Array | undefined;
      readonly code: PoolErrorCode;
      /** Names the values and the limit, beginning with the usual words for the rule (`nonce too low: …`). */
      readonly reason: string;
      /** Whether it is a local one that is put in later, when there is room or its price suffices. */
      readonly isKept?: boolean | undefined;
    };

/** A transaction of the pool. */
export interface PoolTransaction {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
  readonly type: number;
  /** Length of the form of the network, with blobs, in bytes. */
  readonly size: number;
  readonly nonce: bigint;
  /** Highest price and tip of a unit of gas, in wei; equal for types 0 and 1. */
  readonly feeCap: bigint;
  readonly tipCap: bigint;
  readonly isPending: boolean;
}

/** A transaction of the pool, encoded. */
export interface EncodedPoolTransaction extends PoolTransaction {
  /** In canonical form, without blobs. */
  readonly raw: Uint8Array;
}

/** The transactions of one sender, by nonce. */
export interface SenderContent {
  /** 20 bytes. */
  readonly sender: Uint8Array;
  readonly pending: readonly EncodedPoolTransaction[];
  readonly queued: readonly EncodedPoolTransaction[];
}

/** A transaction that has left the pool. */
export interface DroppedTransaction {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly reason: DropReason;
}

/** Numbers of transactions. */
export interface PoolStatus {
  /** Executable ones, with and without blobs. */
  readonly pending: number;
  /** Those that wait for an earlier nonce. */
  readonly queued: number;
  /** The part of `pending` that has blobs. */
  readonly blobs: number;
}

/** @see Pool.add */
export interface AddOptions {
  /** Whether they are of this node's own users: they are put in again when the pool has lost them. @default false */
  readonly local?: boolean | undefined;
}

/** Transactions that wait for a block, as JSON-RPC uses them. */
export interface Pool {
  /**
   * Adds transactions.
   *
   * @param transactions in the form of the network: canonical, blob transactions with their sidecar
   * @returns a result for each, in order. Never rejects for an invalid transaction.
   */
  add(transactions: readonly Uint8Array[], options?: AddOptions): Promise<readonly AddResult[]>;
  /** Whether a transaction is in the pool. @param hash 32 bytes */
  has(hash: Uint8Array): boolean;
  /** Finds a transaction by its hash. Blob transactions are read from disk. @param hash 32 bytes */
  get(hash: Uint8Array): Promise<EncodedPoolTransaction | undefined>;
  /**
   * The next nonce of an account after the head and its pending transactions.
   *
   * @param address 20 bytes
   * @throws ExecutionError, ChainError when the account cannot be read
   */
  nonce(address: Uint8Array): Promise<bigint>;
  /** The plain transactions of all senders (as go-ethereum, without those with blobs). */
  content(): readonly SenderContent[];
  /** The plain transactions of one sender. @param address 20 bytes */
  contentFrom(address: Uint8Array): SenderContent;
  readonly status: PoolStatus;
  /** Calls the listener with transactions that have become executable. @returns a function that ends the subscription */
  onPending(listener: (transactions: readonly PoolTransaction[]) => void): () => void;
  /** Calls the listener with transactions that have left the pool. @returns a function that ends the subscription */
  onDropped(listener: (transactions: readonly DroppedTransaction[]) => void): () => void;
}

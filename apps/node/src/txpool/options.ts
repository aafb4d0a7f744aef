import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type {
  BlobVerifier,
  BlockReader,
  CanonicalChain,
  ChainRules,
  FinalizedStore,
  StateView,
} from '../chain/interfaces.ts';
import type { Log } from '../logging/log.ts';
import type { PoolCounters } from './counters.ts';
import type { DroppedTransaction, Pool, PoolTransaction } from './interfaces.ts';
import type { TxpoolSettings } from './settings.ts';
import type { TransactionSource } from './transaction-source.ts';

/** The parts of the chain that the pool uses. */
export type PoolChain = Pick<CanonicalChain, 'head' | 'onHead'> &
  ChainRules &
  Pick<BlockReader, 'blockByHash'> &
  Pick<StateView, 'accounts'> &
  BlobVerifier &
  FinalizedStore;

/** @see openTransactionPool */
export interface TransactionPoolOptions extends TxpoolSettings {
  readonly chain: PoolChain;
  /** Directory of blob transactions and of the journal, created if it is missing. @default neither of them is kept */
  readonly directory?: string | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** Waits between two parts of a long computation, until other tasks of the program have run. @default setImmediate */
  readonly nextTurn?: (() => Promise<unknown>) | undefined;
}

/** A blob with its proofs. */
export interface ProvenBlob {
  readonly blob: Uint8Array;
  readonly version: 0 | 1;
  /** The proof of the blob for version 0; those of its 128 cells for version 1. */
  readonly proofs: readonly Uint8Array[];
}

/** The pool of a node. */
export interface TransactionPool extends Pool, TransactionSource {
  readonly counters: PoolCounters;
  /** Lowest tip of a transaction, in wei. */
  readonly minTip: bigint;
  /** Whether the pool takes a transaction that a peer has: not a known one, one on chain, or of another type. */
  wants(hash: Uint8Array, type: number): boolean;
  /** The transaction in the form of the network; `undefined` for a missing one. */
  networkForm(hash: Uint8Array): Promise<Uint8Array | undefined>;
  /** Executable transactions without blobs, in the order of their arrival. */
  plainPending(): readonly PoolTransaction[];
  /** Blobs of pooled transactions. @param hashes versioned hashes @returns `undefined` for a missing one */
  blobs(hashes: readonly Uint8Array[]): Promise<readonly (ProvenBlob | undefined)[]>;
  /** Raises or lowers the lowest tip. Transactions below it are dropped. */
  setMinTip(minTip: bigint): void;
  /** Iterates over transactions that become executable from now on. */
  pendingTransactions(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<PoolTransaction>;
  /** Iterates over transactions that leave the pool from now on. */
  droppedTransactions(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<DroppedTransaction>;
  /** Resolves when the changes until now have been processed. */
  settled(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

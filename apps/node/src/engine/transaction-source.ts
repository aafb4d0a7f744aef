import type { Transaction } from '@devp2p/eth';

/** The blobs of a transaction, with their commitments and proofs (EIP-4844, EIP-7594). */
export interface BlobSidecar {
  /** 0: a proof for each blob, before Osaka. 1: 128 cell proofs for each blob, from Osaka on. */
  readonly version: 0 | 1;
  /** 131,072 bytes each. */
  readonly blobs: readonly Uint8Array[];
  /** 48 bytes each, in the order of the transaction's versioned hashes. */
  readonly commitments: readonly Uint8Array[];
  /** 48 bytes each, in the order of the blobs. */
  readonly proofs: readonly Uint8Array[];
}

/** A transaction that may be included in a block. */
export interface PendingTransaction {
  readonly transaction: Transaction;
  /** 20 bytes. */
  readonly sender: Uint8Array;
  /** Whether its sender takes precedence. */
  readonly isLocal: boolean;
  /** Of a blob transaction; its proofs have been verified. */
  readonly sidecar?: BlobSidecar | undefined;
}

/** Where the transactions of built blocks come from. */
export interface TransactionSource {
  /** In the order of their arrival. Some may have been included in a block already. */
  pending(): Iterable<PendingTransaction>;
}

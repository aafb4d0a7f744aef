import type { BlobSidecar } from '@devp2p/eth';

/** A transaction that may be included in a block. */
export interface PendingTransaction {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** In canonical form, a blob transaction without its blobs. */
  readonly raw: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
  readonly nonce: bigint;
  readonly gas: number;
  /** Highest price and tip of a unit of gas, in wei; equal for types 0 and 1. */
  readonly feeCap: bigint;
  readonly tipCap: bigint;
  /** Whether its sender takes precedence. */
  readonly isLocal: boolean;
  /** Of a blob transaction, whose sidecar has all blobs and proofs. */
  readonly blobs?: { readonly count: number; readonly feeCap: bigint; readonly version: BlobSidecar['version'] };
}

/** Conditions of a block for its transactions, in wei. */
export interface BlockConditions {
  readonly baseFee: bigint;
  /** Lowest tip per unit of gas. */
  readonly minTip: bigint;
  /** Price of a unit of blob gas; `undefined` before Cancun. */
  readonly blobFee: bigint | undefined;
  /** Highest gas limit of a transaction. @default no limit */
  readonly gasCap?: number | undefined;
  readonly sidecarVersion: BlobSidecar['version'];
}

/** Where the transactions of built blocks come from. */
export interface TransactionSource {
  /**
   * Executable transactions, in the order of their arrival. One that does not fulfil the conditions may be left out with
   * the later ones of its sender; some may have been included in a block already.
   */
  pending(conditions: BlockConditions): Promise<readonly PendingTransaction[]>;
  /** Reads the blobs of a transaction. @param hash 32 bytes @returns `undefined` when it has left */
  sidecar(hash: Uint8Array): Promise<BlobSidecar | undefined>;
}

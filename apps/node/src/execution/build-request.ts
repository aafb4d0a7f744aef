import type { RawList, SealedBody, SealedHeader } from '@devp2p/eth';
import type { TransactionErrorCode } from '../errors/transaction-error.ts';

/** A transaction that a block may contain. */
interface Candidate {
  /** In canonical form, a blob transaction without its blobs. */
  readonly raw: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
}

/** A block to build: the fields of its header that its builder decides about, and transactions. */
export interface BuildRequest {
  /** The block before it. */
  readonly parent: SealedHeader;
  /** In seconds; after that of the parent. */
  readonly timestamp: number;
  /** Receives the tips, 20 bytes. */
  readonly beneficiary: Uint8Array;
  /** The random value of the beacon chain, 32 bytes (EIP-4399). */
  readonly mixHash: Uint8Array;
  /** 32 bytes, from Cancun on (EIP-4788). @default absent */
  readonly parentBeaconBlockRoot?: Uint8Array | undefined;
  /** From Amsterdam on (EIP-7843). @default absent */
  readonly slotNumber?: number | undefined;
  /** Elements as in a body, from Shanghai on (EIP-4895). @default absent */
  readonly withdrawals?: RawList | undefined;
  /** The gas limit moves towards it, as far as the parent's allows. */
  readonly gasTarget: number;
  /** At most 32 bytes. */
  readonly extraData: Uint8Array;
  /** In the order in which they are tried; those of one sender by nonce. */
  readonly transactions: readonly Candidate[];
}

/** A transaction that cannot be part of a block. */
export interface RefusedTransaction {
  /** In the request. */
  readonly position: number;
  readonly code: TransactionErrorCode;
  readonly reason: string;
}

/** A valid block, which is not stored. */
export interface BuiltBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** RLP list (EIP-7928); absent before Amsterdam. */
  readonly accessList: Uint8Array | undefined;
  /** Each with its type, none empty (EIP-7685); absent before Prague. */
  readonly requests: readonly Uint8Array[] | undefined;
  /** Positions of its transactions in the request. */
  readonly included: readonly number[];
  /** Transactions that were tried and left out. Later ones of their senders may have been left out without a trial. */
  readonly refused: readonly RefusedTransaction[];
  /** Sum of the tips that the beneficiary receives, in wei. */
  readonly value: bigint;
}

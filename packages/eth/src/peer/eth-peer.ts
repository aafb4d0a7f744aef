import type { HeadersRequest } from '../client/header-chain.ts';
import type { ReceiptsRequest } from '../client/receipts-download.ts';
import type { SealedBody } from '../types/body.ts';
import type { SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import type { BlockRange, Status, TransactionAnnouncement } from '../wire/messages.ts';
import type { EthPeerInfo } from './info.ts';

/** Options of every request. */
export interface RequestOptions {
  /** Gives the request up; it rejects with the signal's reason. An answer that still comes is dropped. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of requests whose answer only the caller can check. */
export interface VerifyOptions<T> extends RequestOptions {
  /**
   * Whether the item is that of the block asked for, which the roots in the block's header tell. `false`, or an
   * `RlpError`, ends the peer as a breach and fails the request with `invalid-response`.
   *
   * @param index of the block in the request
   * @default takes everything
   */
  readonly verify?: ((item: T, index: number) => boolean | Promise<boolean>) | undefined;
}

/**
 * A peer that speaks eth. Requests may run at the same time; they wait for the Status handshake by themselves.
 *
 * A request rejects with an {@link EthError}: `timeout` when the peer takes too long, which does not end it; one of the
 * breaches, which does; `disconnected` when the peer ends before it has answered. What is returned may be less than was
 * asked for, also nothing, but is in the order of the question and has no gaps. Its byte strings are views of the
 * peer's message: a copy of one lets go of the others.
 */
export interface EthPeer {
  /** The remote's public key, 64 bytes. */
  readonly id: Uint8Array;
  /** The eth version that is spoken. */
  readonly version: number;
  /** What the remote said first, once it has been found to be on our chain. Rejects when it is not. */
  readonly status: Promise<Status>;
  /** What the remote last said to have; `undefined` before its Status, and on eth/68. */
  readonly range: BlockRange | undefined;
  /** Smoothed time from question to answer in ms; `undefined` before the first answer. */
  readonly responseTime: number | undefined;

  /** Headers that have been checked to join each other and to begin with the origin. */
  getHeaders(request: HeadersRequest, options?: RequestOptions): Promise<SealedHeader[]>;
  /** Bodies of these blocks (32-byte hashes, 1 to 1024). */
  getBodies(
    hashes: readonly Uint8Array[],
    options?: VerifyOptions<SealedBody>,
  ): Promise<SealedBody[]>;
  /**
   * Receipts of these blocks, 1 to 1024: for each block a list of {@link receiptCodec} items, whatever the version.
   * On eth/70 the lists are fetched piece by piece where one message is too short for them.
   */
  getReceipts(
    blocks: readonly ReceiptsRequest[],
    options?: VerifyOptions<RawList>,
  ): Promise<RawList[]>;
  /**
   * Transactions from the remote's pool in canonical form, blob transactions with their sidecars, each found under
   * the hash (32 bytes, 1 to 1024) that was asked for. Those that the remote lacks are left out.
   */
  getPooledTransactions(
    hashes: readonly Uint8Array[],
    options?: RequestOptions,
  ): Promise<PooledTransaction[]>;
  /** The peer as `admin_peers` shows it under `protocols.eth`. */
  info(): EthPeerInfo | 'handshake';
}

/** An answer to {@link EthPeer.getPooledTransactions}. */
export interface PooledTransaction {
  readonly hash: Uint8Array;
  /** `type ‖ payload`, or a legacy transaction's RLP list. */
  readonly transaction: Uint8Array;
}

/** What deals with pending transactions. Without one, peers are told that there are none, and theirs are dropped. */
export interface TransactionPool {
  /**
   * Pending transactions, one entry for each hash in its order: in canonical form, blob transactions with their
   * sidecars, or `undefined` for those that are not there.
   */
  get(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * A peer sent transactions, at most 5000, in canonical form; only their framing has been checked. Nothing more is
   * read from the peer until a returned promise settles; if it rejects, so ends the peer.
   */
  received?(transactions: RawList, peer: EthPeer): Promise<void> | void;
  /** A peer said which transactions it has. As for {@link received}. */
  announced?(announcement: TransactionAnnouncement, peer: EthPeer): Promise<void> | void;
}

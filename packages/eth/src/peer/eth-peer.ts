import type { HeadersRequest } from '../client/header-chain.ts';
import type { ReceiptsRequest } from '../client/receipts-download.ts';
import type { SealedBody } from '../types/body.ts';
import type { SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import type { BlockAnnouncement, BlockRange, NewBlock, Status, TransactionAnnouncement } from '../wire/messages.ts';
import type { EthPeerInfo } from './info.ts';

/** Options of every request. */
export interface RequestOptions {
  /** Cancels the request, which rejects with the signal's reason. A late response is dropped. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Time for a response in ms, after which the request rejects with `timeout`; `Infinity` for none.
   *
   * @default 2000 to 20,000, from earlier response times
   */
  readonly timeout?: number | undefined;
}

/** Options of requests whose response only the caller can check. */
export interface VerifyOptions<T> extends RequestOptions {
  /**
   * Checks an item against the roots in its block's header. `false`, or an `RlpError`, ends the peer as a breach, and
   * the request rejects with `invalid-response`.
   *
   * @param index of the block in the request
   * @default accepts every item
   */
  readonly verify?: ((item: T, index: number) => boolean | Promise<boolean>) | undefined;
}

/**
 * A peer that runs eth. Requests may run concurrently; they wait for the Status handshake.
 *
 * A request rejects with an {@link EthError}: `timeout` when the peer takes too long, which does not end it; a breach,
 * which does; `disconnected` when the peer ends before its response. A response may be shorter than requested, or empty,
 * but is in the order of the request and has no gaps. Its byte strings are views of the peer's message: copy a string to
 * release the rest.
 */
export interface EthPeer {
  /** The remote's public key, 64 bytes. */
  readonly id: Uint8Array;
  /** Negotiated eth version. */
  readonly version: number;
  /** Status of the remote, once it is found to be on our chain. Rejects when it is not. */
  readonly status: Promise<Status>;
  /** Last block range of the remote; `undefined` before its Status, and in versions without ranges (eth/68). */
  readonly range: BlockRange | undefined;
  /** Smoothed response time in ms; `undefined` before the first response. */
  readonly responseTime: number | undefined;

  /** Requests headers. They are checked to be linked to each other and to start with the origin. */
  getHeaders(request: HeadersRequest, options?: RequestOptions): Promise<SealedHeader[]>;
  /** Requests the bodies of these blocks (1 to 1024 hashes of 32 bytes). */
  getBodies(hashes: readonly Uint8Array[], options?: VerifyOptions<SealedBody>): Promise<SealedBody[]>;
  /**
   * Requests the receipts of these blocks, 1 to 1024: for each block a list of {@link receiptCodec} items, in every
   * version. Where receipts are divisible (eth/70), a long list takes several requests.
   */
  getReceipts(blocks: readonly ReceiptsRequest[], options?: VerifyOptions<RawList>): Promise<RawList[]>;
  /**
   * Requests transactions from the remote's pool by hash (1 to 1024 hashes of 32 bytes): in canonical form, blob
   * transactions with their sidecars. Each matches a requested hash; missing ones are left out.
   */
  getPooledTransactions(hashes: readonly Uint8Array[], options?: RequestOptions): Promise<PooledTransaction[]>;
  /**
   * Sends a whole block, on chains without a consensus layer. A peer that does not exchange blocks disconnects.
   *
   * @returns resolves when there is room for another message
   */
  sendNewBlock(block: NewBlock): Promise<void>;
  /** Announces 1 to 1024 blocks; as {@link sendNewBlock}. */
  sendNewBlockHashes(blocks: readonly BlockAnnouncement[]): Promise<void>;
  /**
   * Sends transactions in canonical form, without blob transactions: at most 5000.
   *
   * @returns resolves when there is room for another message
   */
  sendTransactions(transactions: readonly Uint8Array[]): Promise<void>;
  /** Announces transactions, at most 4096; as {@link sendTransactions}. */
  announceTransactions(announcement: TransactionAnnouncement): Promise<void>;
  /**
   * Iterates over the transactions that the remote sends and announces from now on, each once, until it disconnects: in
   * canonical form, blob transactions with their sidecars. Their form has been checked, but neither signatures nor blobs.
   *
   * Announced ones are fetched. When an exchange is given to {@link eth}, they are those that it fetches from this peer,
   * which may be few: other peers may have delivered them before. At most 4096 wait for the reader, and 16 MiB; further
   * ones are left out.
   *
   * @param options `signal` ends the iteration, which rejects with its reason
   */
  transactions(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterableIterator<PooledTransaction>;
  /** Form of the peer in `admin_peers`, under `protocols.eth`. */
  info(): EthPeerInfo | 'handshake';
}

/** Result of {@link EthPeer.getPooledTransactions}. */
export interface PooledTransaction {
  readonly hash: Uint8Array;
  /** `type ‖ payload`, or a legacy transaction's RLP list. */
  readonly transaction: Uint8Array;
}

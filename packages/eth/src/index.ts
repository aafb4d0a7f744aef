/// <reference types="node" preserve="true" />

export { addToBloom, bloomLength } from './bloom.ts';
export {
  type Body,
  bodyCodec,
  decodeBody,
  type SealedBody,
  type Withdrawal,
  withdrawalCodec,
} from './body.ts';
export type { Chain, ChainRange, HeaderQuery } from './chain.ts';
export { EthError, type EthErrorCode, type EthErrorOptions, type Mismatch } from './error.ts';
export { eth } from './eth.ts';
export type {
  EthPeer,
  PooledTransaction,
  RequestOptions,
  TransactionPool,
  VerifyOptions,
} from './eth-peer.ts';
export {
  checkForkId,
  type ForkHead,
  type ForkId,
  type ForkIdProblem,
  type ForkSchedule,
  forkId,
  forkIdCodec,
  formatForkId,
} from './forkid.ts';
export { decodeHeader, type Header, headerCodec, type SealedHeader, sealHeader } from './header.ts';
export type { HeadersRequest } from './header-chain.ts';
export { type EthNodeInfo, type EthPeerInfo, nodeInfo } from './info.ts';
export type {
  BlockRange,
  GetBlockHeaders,
  GetByHashes,
  GetReceipts,
  Items,
  Receipts,
  Status,
  Status68,
  Status69,
  TransactionAnnouncement,
} from './messages.ts';
export type { EthOptions } from './options.ts';
export { RawList } from './raw-list.ts';
export { encodeReceipts, type Log, type Receipt, receiptCodec, receiptList } from './receipt.ts';
export { type ConsensusReceipts, consensusReceipts } from './receipt-forms.ts';
export type { ReceiptsRequest } from './receipts-download.ts';
export { type MessageSchema, type Messages, type Schema, schemaOf } from './schema.ts';
export {
  transactionHash,
  transactionList,
  transactionsOf,
  wrapTransaction,
} from './transaction.ts';

/// <reference types="node" preserve="true" />

export { type FollowedHead, type FollowOptions, follow } from './client/follow.ts';
export type { HeadersRequest } from './client/header-chain.ts';
export type { ReceiptsRequest } from './client/receipts-download.ts';
export { EthError, type EthErrorCode, type EthErrorOptions, type Mismatch } from './error.ts';
export { eth } from './eth.ts';
export {
  checkForkId,
  type ForkHead,
  type ForkId,
  type ForkIdProblem,
  type ForkSchedule,
  forkId,
  forkIdCodec,
  formatForkId,
} from './fork-id.ts';
export { blockForks, forkSchedule, type GenesisForks, timeForks } from './fork-schedule.ts';
export type { BlockExchange, PeerBlocks } from './gossip/block-exchange.ts';
export { type BlockGossip, createBlockGossip } from './gossip/block-gossip.ts';
export type { BlockGossipEvent, BlockGossipOptions, GossipChain } from './gossip/options.ts';
export type { AddOutcome, GossipPool, PooledInfo } from './gossip/transactions/gossip-pool.ts';
export type { TransactionStats } from './gossip/transactions/stats.ts';
export type { PeerTransactions, TransactionExchange } from './gossip/transactions/transaction-exchange.ts';
export type { FetcherSize } from './gossip/transactions/transaction-fetcher.ts';
export {
  createTransactionGossip,
  type PeerTransactionInfo,
  type TransactionGossip,
} from './gossip/transactions/transaction-gossip.ts';
export type { TransactionGossipOptions } from './gossip/transactions/transaction-options.ts';
export type { IncludedBlock, Usefulness } from './gossip/transactions/usefulness.ts';
export type { EthOptions } from './options.ts';
export type {
  EthPeer,
  PooledTransaction,
  RequestOptions,
  VerifyOptions,
} from './peer/eth-peer.ts';
export { type EthNodeInfo, type EthPeerInfo, nodeInfo } from './peer/info.ts';
export type { Chain, ChainRange, HeaderQuery } from './server/chain.ts';
export { bodyMatches, receiptsMatch } from './trie/block-roots.ts';
export { type Elements, type Hasher, listRoot, StackTrie } from './trie/stack-trie.ts';
export { decodeBlock, encodeBlock, type SealedBlock } from './types/block.ts';
export { addToBloom, bloomLength } from './types/bloom.ts';
export {
  type Body,
  bodyCodec,
  decodeBody,
  type SealedBody,
  type Withdrawal,
  withdrawalCodec,
} from './types/body.ts';
export { decodeTransaction, type Transaction } from './types/decode-transaction.ts';
export {
  decodeHeader,
  type Header,
  headerCodec,
  type SealedHeader,
  sealHeader,
} from './types/header.ts';
export {
  type BlobSidecar,
  type DecodedPooledTransaction,
  decodePooledTransaction,
  encodePooledTransaction,
} from './types/pooled-transaction.ts';
export { RawList } from './types/raw-list.ts';
export {
  encodeReceipts,
  type Log,
  type Receipt,
  receiptCodec,
  receiptList,
} from './types/receipt.ts';
export { contractAddress, maxSignatureS, recoverAuthority, recoverSender } from './types/sender.ts';
export {
  type AccessListItem,
  type AccessListTransaction,
  accountAddress,
  type BlobTransaction,
  type DynamicFeeTransaction,
  encodeUnsigned,
  type LegacyTransaction,
  type SetCodeTransaction,
  type SignedAuthorization,
  signAuthorization,
  signTransaction,
  type UnsignedAuthorization,
  type UnsignedTransaction,
} from './types/sign-transaction.ts';
export {
  hasSidecar,
  transactionHash,
  transactionList,
  transactionsOf,
  wrapTransaction,
} from './types/transaction.ts';
export type {
  EthVersion,
  MessageFormat,
  MessageFormats,
  ReceiptsFormat,
} from './wire/eth-version.ts';
export type {
  BlockAnnouncement,
  BlockRange,
  GetBlockHeaders,
  GetByHashes,
  GetReceipts,
  Items,
  Messages,
  NewBlock,
  Receipts,
  Status,
  Status68,
  Status69,
  StatusBase,
  TransactionAnnouncement,
} from './wire/messages.ts';
export { type ConsensusReceipts, consensusReceipts } from './wire/receipt-encoding.ts';
export { ethVersion } from './wire/supported-versions.ts';

/// <reference types="node" preserve="true" />

export type { NetworkName } from '@devp2p/appkit/networks';
export type { LocalChain } from './chain/chain.ts';
export { type ImportOptions, type ImportProgress, importFile } from './chain/files/import-file.ts';
export type { BlockProducer, MinedBlock, MineOptions } from './dev/block-producer.ts';
export type { DevAccount } from './dev/dev-accounts.ts';
export { createDevChain, type DevChain, type DevChainOptions } from './dev/dev-chain.ts';
export { type DevNode, type DevNodeOptions, openDevNode } from './dev/dev-node.ts';
export type { BlockInterval, DevSettings } from './dev/dev-options.ts';
export {
  BlockError,
  type BlockErrorCode,
  ChainError,
  type ChainErrorCode,
} from './errors/chain-error.ts';
export { DevError, type DevErrorCode } from './errors/dev-error.ts';
export { NodeError, type NodeErrorCode } from './errors/node-error.ts';
export { SyncError, type SyncErrorCode } from './errors/sync-error.ts';
export type { Log, LogFields, LogModule, Logs } from './logging/log.ts';
export type { ReportProgress } from './logging/progress.ts';
export type { NatMethod } from './nat/find.ts';
export type { LanAddress, LocalNetwork } from './nat/local-network.ts';
export type { NodePeer, Peers } from './network/peers.ts';
export { createNode, type Node, type NodeEvents } from './node/node.ts';
export type { Endpoints } from './node/open-api.ts';
export type { ChainChoice } from './node/open-chain.ts';
export type { NodeOptions, NodeSettings } from './node/options.ts';
export type { MetricsSettings } from './observability/metrics/server.ts';
export { type NodeState, type PeerRange, stateText } from './observability/node-state.ts';
export type {
  AuthrpcSettings,
  HttpSettings,
  RpcApi,
  WebSocketSettings,
} from './rpc/settings.ts';
export type { Sync, SyncResult } from './sync/sync.ts';
export type {
  AddOptions,
  AddResult,
  DroppedTransaction,
  DropReason,
  EncodedPoolTransaction,
  Pool,
  PoolErrorCode,
  PoolStatus,
  PoolTransaction,
  SenderContent,
} from './txpool/interfaces.ts';
export type { ProvenBlob, TransactionPool } from './txpool/options.ts';
export type { TxpoolSettings } from './txpool/settings.ts';
export type {
  BlockConditions,
  PendingTransaction,
  TransactionSource,
} from './txpool/transaction-source.ts';

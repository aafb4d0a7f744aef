/// <reference types="node" preserve="true" />

export type { LocalChain } from './chain/chain.ts';
export { BlockError, type BlockErrorCode, ChainError, type ChainErrorCode } from './chain/error.ts';
export type { NetworkName } from './chain/networks.ts';
export { NodeError, type NodeErrorCode } from './error.ts';
export type { Log, LogFields, LogModule, Logs } from './log.ts';
export type { MetricsSettings } from './metrics/server.ts';
export type { NatMethod } from './nat/find.ts';
export type { LanAddress, LocalNetwork } from './nat/local-network.ts';
export type { NodePeer, Peers } from './network/peers.ts';
export {
  createNode,
  type Endpoints,
  type Node,
  type NodeEvents,
} from './node.ts';
export type { ChainChoice } from './node-chain.ts';
export type { NodeOptions, NodeSettings } from './node-options.ts';
export { type NodeState, type PeerRange, stateText } from './node-state.ts';
export type { ReportProgress } from './progress.ts';
export type {
  AuthrpcSettings,
  HttpSettings,
  RpcApi,
  WebSocketSettings,
} from './rpc/settings.ts';
export { SyncError, type SyncErrorCode } from './sync/error.ts';
export type { Sync, SyncResult } from './sync/sync.ts';

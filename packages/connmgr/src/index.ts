/// <reference types="node" preserve="true" />

export type { EstablishedOptions, InboundSlot } from './accept/inbound.ts';
export type { BanEntry } from './bans/ban-entry.ts';
export {
  type BanList,
  type BanListOptions,
  type BanOptions,
  createBanList,
} from './bans/ban-list.ts';
export type { CloseReason, Connection, Incoming, Listener, Refusal } from './connection.ts';
export type { ConnManagerEvent } from './diagnostics.ts';
export type { AnchorStore } from './dial/anchors.ts';
export { ConnManagerError, type ConnManagerErrorCode } from './error.ts';
export {
  type BanReason,
  type ConnectOptions,
  type ConnManager,
  createConnManager,
} from './manager.ts';
export type { ConnectionStats, ConnManagerCollaborators, ConnManagerSettings } from './options.ts';
export type { Counters, SkipReason } from './policy/counters.ts';
export type { ConnRequest, RequestKind, RequestState } from './request.ts';
export type { RequestSnapshot, Snapshot } from './snapshot.ts';

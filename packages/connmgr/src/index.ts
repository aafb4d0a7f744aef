/// <reference types="node" preserve="true" />

export type { AnchorStore } from './anchors.ts';
export type { BanEntry } from './ban-entry.ts';
export { type BanList, type BanListOptions, type BanOptions, createBanList } from './ban-list.ts';
export { BanScore } from './ban-score.ts';
export type { CloseReason, Connection, Incoming, Listener, Refusal } from './connection.ts';
export type { Counters, Objection } from './counters.ts';
export type { ConnManagerEvent } from './diagnostics.ts';
export { ConnManagerError, type ConnManagerErrorCode } from './error.ts';
export { chooseEviction, type EvictionCandidate, keyGroups } from './eviction.ts';
export type { EstablishedOptions, InboundSlot } from './inbound.ts';
export type { IpRange } from './ip.ts';
export {
  type ConnectOptions,
  type ConnManager,
  createConnManager,
  type Offence,
} from './manager.ts';
export type { ConnectionStats, ConnManagerOptions } from './options.ts';
export type { RandomBytes } from './random.ts';
export type { ConnRequest, RequestKind, RequestState } from './request.ts';
export type { RequestSnapshot, Snapshot } from './snapshot.ts';

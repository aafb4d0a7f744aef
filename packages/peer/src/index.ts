/// <reference types="node" preserve="true" />

export { type DisconnectReason, disconnectReasons } from './disconnect.ts';
export { type Direction, type Inactivity, PeerError, type PeerErrorCode } from './error.ts';
export type { PeerEnd, PeerEvent, PeerEventsOptions } from './events.ts';
export type { Capability, RemoteHello } from './hello.ts';
export {
  createNetworkSwitch,
  type NetworkSwitch,
  type NetworkSwitchOptions,
} from './network-switch.ts';
export { type OpenPeerOptions, openPeer } from './open.ts';
export type { Peer, PeerDiagnostics } from './peer.ts';
export {
  type Apis,
  type Channel,
  type PeerFlags,
  type PeerHandle,
  type Protocol,
  protocol,
} from './protocol.ts';
export type { CodeStats, PeerStats, ProtocolStats, Traffic } from './stats.ts';
export type { Address, Message, MessageStream } from './stream.ts';

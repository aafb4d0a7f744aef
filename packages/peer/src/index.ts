/// <reference types="node" preserve="true" />

export { type Direction, type Inactivity, PeerError, type PeerErrorCode } from './error.ts';
export {
  createNetworkSwitch,
  type NetworkSwitch,
  type NetworkSwitchOptions,
} from './protocol/network-switch.ts';
export {
  type Apis,
  type Channel,
  type PeerFlags,
  type PeerHandle,
  type Protocol,
  protocol,
} from './protocol/protocol.ts';
export {
  createRequestTracker,
  type RequestFailure,
  type RequestTracker,
  type RequestTrackerOptions,
  type TrackedRequest,
} from './protocol/request-tracker.ts';
export type { PeerEnd, PeerEvent, PeerEventsOptions } from './session/events.ts';
export { type OpenPeerOptions, openPeer } from './session/open.ts';
export type { Peer, PeerDiagnostics } from './session/peer.ts';
export type { CodeStats, PeerStats, ProtocolStats, Traffic } from './session/stats.ts';
export type { Address, Message, MessageStream } from './stream.ts';
export { type DisconnectReason, disconnectReasons } from './wire/disconnect-reasons.ts';
export type { Capability, RemoteHello } from './wire/hello.ts';

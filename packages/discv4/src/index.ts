/// <reference types="node" preserve="true" />

export type {
  Address,
  Contact,
  ExternalEndpoint,
  KademliaOptions,
  LocalNode,
  LocalNodeSettings,
  Node,
  NodeLike,
  NodeStore,
  UdpEndpoint,
  UdpSocket,
} from '@devp2p/discover';
export type { Discv4Event } from './diagnostics.ts';
export { createDiscv4, type Discv4, type WaitOptions } from './discv4.ts';
export type { Sntp } from './drift/drift-monitor.ts';
export { Discv4Error, type Discv4ErrorCode } from './error.ts';
export type { Discv4Options } from './options.ts';
export type { Stats } from './stats.ts';
export {
  decodePacket,
  type EncodedPacket,
  type Endpoint,
  type EnrRequest,
  type EnrResponse,
  encodePacket,
  type FindNode,
  maxNeighbors,
  maxPacketSize,
  type Neighbor,
  type Neighbors,
  type Packet,
  type Ping,
  type Pong,
  type SignedPacket,
} from './wire/packet.ts';

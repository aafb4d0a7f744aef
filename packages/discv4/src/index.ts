/// <reference types="node" preserve="true" />

export type { NodeLike } from './contact.ts';
export type { Discv4Event } from './diagnostics.ts';
export { createDiscv4, type Discv4, type WaitOptions } from './discv4.ts';
export type { Sntp } from './drift.ts';
export { Discv4Error, type Discv4ErrorCode } from './error.ts';
export type { ExternalEndpoint } from './local-endpoint.ts';
export { type LocalRecord, openLocalRecord, type StoredRecordOptions } from './local-record.ts';
export { type MixOptions, mixSources } from './mix.ts';
export type { Contact, Node } from './node.ts';
export { memoryStore, type NodeStore } from './node-store.ts';
export type { Discv4Options } from './options.ts';
export {
  decodePacket,
  type EncodedPacket,
  type Endpoint,
  type EnrRequest,
  type EnrResponse,
  encodePacket,
  type FindNode,
  MAX_NEIGHBORS,
  MAX_PACKET_SIZE,
  type Neighbor,
  type Neighbors,
  type Packet,
  type Ping,
  type Pong,
  type SignedPacket,
} from './packet.ts';
export type { Address, UdpSocket } from './socket.ts';
export type { Stats } from './stats.ts';

/// <reference types="node" preserve="true" />

export type { DiscoverEvent } from './diagnostics.ts';
export { sourceOf } from './endpoint/source.ts';
export {
  createUdpEndpoint,
  type EndpointStats,
  type PacketReader,
  type PacketSource,
  UdpEndpoint,
} from './endpoint/udp-endpoint.ts';
export type { Address, UdpSocket } from './endpoint/udp-socket.ts';
export { DiscoverError, type DiscoverErrorCode } from './error.ts';
export { Kademlia, type KademliaParts } from './kademlia/kademlia.ts';
export {
  type KademliaOptions,
  type KademliaSettings,
  kademliaDefaults,
  kademliaRules,
} from './kademlia/options.ts';
export type { FindNodeResult, LookupTarget, Transport } from './kademlia/transport.ts';
export type { StatedEndpoint } from './local/endpoint-prediction.ts';
export {
  LocalNode,
  type LocalNodeOptions,
  type LocalNodeSettings,
  localNodeRule,
  localNodeRules,
  openLocalNode,
} from './local/local-node.ts';
export type { ExternalEndpoint } from './local/record-content.ts';
export { Bootnodes, type BootnodesOptions } from './node/bootnodes.ts';
export {
  type Contact,
  createNode,
  hasSameEndpoint,
  Node,
  nodeFromContact,
  nodeFromEnr,
  withEnr,
} from './node/node.ts';
export { createNodeIterator, type NodeIteratorOptions } from './node/node-iterator.ts';
export { type NodeLike, type ResolveNodeOptions, resolveNode } from './node/resolve-node.ts';
export { NodeDatabase, type NodeDatabaseOptions, type NodeState } from './store/node-database.ts';
export { createMemoryStore, type NodeStore } from './store/node-store.ts';
export { compareDistance, logDistance } from './table/distance.ts';
export { bucketSize, type TableChange } from './table/table.ts';

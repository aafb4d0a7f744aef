import type { DisconnectReason } from '@devp2p/peer';

/**
 * Steps of a visit, in order. The status of a node is the furthest step that its last visit reached:
 *
 * - `discovered`: reported by another node, a list or the user;
 * - `bonded`: answered a Ping from its endpoint, signed with its key;
 * - `tcp`: accepted a TCP connection;
 * - `authenticated`: proved its key in the RLPx handshake;
 * - `hello`: sent Hello;
 * - `status`: sent an eth Status;
 * - `chain`: is on the requested chain, or on any when none was requested;
 * - `synced`: the head of that chain is recent.
 */
export const statuses = ['discovered', 'bonded', 'tcp', 'authenticated', 'hello', 'status', 'chain', 'synced'] as const;

export type NodeStatus = (typeof statuses)[number];

/** Whether a status is `step` or further. */
export function hasReached(status: NodeStatus, step: NodeStatus): boolean {
  return statuses.indexOf(status) >= statuses.indexOf(step);
}

/** A step that a visit reached. */
export interface VisitStep {
  readonly step: NodeStatus;
  /** Duration in milliseconds. */
  readonly ms: number;
}

/** Address and ports of a node. */
export interface Endpoint {
  /** IP address in its canonical form. */
  readonly ip: string;
  /** Discovery port; 0 without one. */
  readonly udp: number;
  /** RLPx port; 0 without one. */
  readonly tcp: number;
}

/**
 * Evidence for an endpoint:
 *
 * - `gossiped`: other nodes reported it, unverified;
 * - `verified`: the node answered from it;
 * - `signed`: it is in the node's own record, or the user gave it.
 */
export type Trust = 'gossiped' | 'verified' | 'signed';

/** Fields of an eth Status, and of the header of its head. */
export interface EthStatus {
  /** Negotiated version of eth. */
  readonly version: number;
  readonly networkId: bigint;
  /** 32 bytes. */
  readonly genesis: Uint8Array;
  /** `hash` is its 4 bytes as a big-endian number. */
  readonly forkId: { readonly hash: number; readonly next: bigint };
  /** Hash of the head, 32 bytes. */
  readonly latestHash: Uint8Array;
  /** Number of the first available block; eth/69 and later. */
  readonly earliest?: number;
  /** Number of the head: from the Status, or before eth/69 from the header. */
  readonly latest?: number;
  /** Timestamp of the head in seconds, if the header was received. */
  readonly headTime?: number;
}

/** Shortest measured times, in milliseconds. */
export interface RoundTrips {
  /** From Ping to Pong. */
  readonly udp?: number;
  /** To open a connection. */
  readonly tcp?: number;
  /** From the open connection to Hello, including the RLPx handshake. */
  readonly hello?: number;
}

/**
 * Everything known about a node. A failed visit does not remove the results of earlier ones. Times are in milliseconds
 * since the epoch.
 */
export interface NodeRecord {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
  readonly trust: Trust;
  /** Where the first report came from. */
  readonly origin: 'bootnode' | 'dns' | 'gossip';
  /** IP address of the node that reported it first, when the origin is gossip. */
  readonly relayedBy?: string;
  /** Furthest step of the last visit; `discovered` before the first. */
  readonly status: NodeStatus;
  /** Newest known record, as `enr:` text. */
  readonly enr?: string;
  /** Client id from Hello: unchecked text from the network. */
  readonly client?: string;
  /** From Hello. */
  readonly capabilities?: readonly { readonly name: string; readonly version: number }[];
  /** From Hello. */
  readonly listenPort?: number;
  readonly eth?: EthStatus;
  /** Reason in the node's Disconnect, if it ended the last visit early. */
  readonly disconnect?: DisconnectReason;
  /** Error that ended the last visit early: class and code, such as `tcp/ECONNREFUSED` or `rlpx/handshake-failed`. */
  readonly error?: string;
  readonly rtt?: RoundTrips;
  readonly firstSeen: number;
  /** Time of its last answer of any kind; absent if it never answered. */
  readonly lastSeen?: number;
  /** End of the last visit. */
  readonly lastVisit?: number;
  readonly visits: number;
  /** Consecutive failed visits. */
  readonly failures: number;
  /** Time of the next visit. */
  readonly dueAt: number;
  /** Whether most of the neighbors that it reported have its own address, which suggests one machine with many keys. */
  readonly sharedAddress?: boolean;
}

/** One visit of a node, as it is stored. */
export interface Visit {
  readonly id: Uint8Array;
  /** Start, in milliseconds since the epoch. */
  readonly at: number;
  readonly status: NodeStatus;
  /** Steps that were reached, in order. */
  readonly steps: readonly VisitStep[];
  readonly disconnect?: DisconnectReason;
  readonly error?: string;
  /** Number of neighbors that the node reported. */
  readonly neighbors?: number;
}

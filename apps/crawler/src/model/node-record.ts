import type { DisconnectReason } from '@devp2p/peer';

/**
 * The steps of a visit, in their order. A node's status is the furthest that its last visit got to:
 *
 * - `discovered`: somebody, or a list, has named it;
 * - `bonded`: it answered a ping, from the address and with the key that it is known by;
 * - `tcp`: a connection could be opened;
 * - `authenticated`: the RLPx handshake proved its key;
 * - `hello`: it said who it is;
 * - `status`: it said which chain it is on;
 * - `chain`: that is the chain that is asked for, or any chain when none is;
 * - `synced`: the head of that chain is no older than it may be.
 */
export const statuses = [
  'discovered',
  'bonded',
  'tcp',
  'authenticated',
  'hello',
  'status',
  'chain',
  'synced',
] as const;

export type NodeStatus = (typeof statuses)[number];

/** Whether a status is `step` or further. */
export function hasReached(status: NodeStatus, step: NodeStatus): boolean {
  return statuses.indexOf(status) >= statuses.indexOf(step);
}

/** Where a node is. */
export interface Endpoint {
  /** IP address in its canonical form. */
  readonly ip: string;
  /** Discovery port; 0 when it has none. */
  readonly udp: number;
  /** RLPx port; 0 when it has none. */
  readonly tcp: number;
}

/**
 * How far an endpoint is to be believed:
 *
 * - `gossiped`: others say so;
 * - `verified`: the node answered from there;
 * - `signed`: the node's own record says so, or the user.
 */
export type Trust = 'gossiped' | 'verified' | 'signed';

/** What a Status said. */
export interface EthStatus {
  /** Of eth, as negotiated. */
  readonly version: number;
  readonly networkId: bigint;
  /** 32 bytes. */
  readonly genesis: Uint8Array;
  /** `hash` is the number of its 4 bytes, big-endian. */
  readonly forkId: { readonly hash: number; readonly next: bigint };
  /** 32 bytes: of the head. */
  readonly latestHash: Uint8Array;
  /** The first block that it has; eth/69 and later. */
  readonly earliest?: number;
  /** Number of the head: as the Status says, or before eth/69 as its header does. */
  readonly latest?: number;
  /** Timestamp of the head in seconds, if the head's header was given. */
  readonly headTime?: number;
}

/** Shortest times that were seen, in milliseconds. */
export interface RoundTrips {
  /** From Ping to Pong. */
  readonly udp?: number;
  /** To open a connection. */
  readonly tcp?: number;
  /** From the connection to Hello, the handshake included. */
  readonly hello?: number;
}

/** All that is known of a node. What an earlier visit found stays when a later one fails. Times are ms since the epoch. */
export interface NodeRecord {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
  readonly trust: Trust;
  /** Where it was first heard of. */
  readonly origin: 'bootnode' | 'dns' | 'gossip';
  /** IP address of the node that named it first, when its origin is gossip. */
  readonly relayedBy?: string;
  /** Furthest step of the last visit; `discovered` before the first. */
  readonly status: NodeStatus;
  /** `enr:…`; the newest that was seen. */
  readonly enr?: string;
  /** The client id of Hello, as the node gives it. Anything may be in it. */
  readonly client?: string;
  /** Of Hello. */
  readonly capabilities?: readonly { readonly name: string; readonly version: number }[];
  /** Of Hello. */
  readonly listenPort?: number;
  readonly eth?: EthStatus;
  /** With which reason the node ended the last visit, if it did so before we were done. */
  readonly disconnect?: DisconnectReason;
  /** What ended the last visit early: class and code, such as `tcp/ECONNREFUSED` or `rlpx/handshake-failed`. */
  readonly error?: string;
  readonly rtt?: RoundTrips;
  readonly firstSeen: number;
  /** When it last answered anything; `undefined` if it never did. */
  readonly lastSeen?: number;
  /** End of the last visit. */
  readonly lastVisit?: number;
  readonly visits: number;
  /** Visits in a row that did not get what they were for. */
  readonly failures: number;
  /** When it is to be visited. */
  readonly dueAt: number;
  /** Most of the neighbours that it named have its own address: one machine that plays many nodes. */
  readonly sharedAddress?: boolean;
}

/** One visit of a node. */
export interface Visit {
  readonly id: Uint8Array;
  /** When it began, in ms since the epoch. */
  readonly at: number;
  readonly status: NodeStatus;
  /** Each step that was reached, with the ms that it took. */
  readonly steps: readonly { readonly step: NodeStatus; readonly ms: number }[];
  readonly disconnect?: DisconnectReason;
  readonly error?: string;
  /** Neighbours that it named. */
  readonly neighbours?: number;
}

import type { PeerHandle } from '../protocol/protocol.ts';
import type { MessageStream } from '../stream.ts';
import type { PeerEnd, PeerEvent, PeerEventsOptions } from './events.ts';
import type { PeerStats } from './stats.ts';

/**
 * A remote node with which at least one protocol runs. The api of each running protocol is a further
 * property, with the name of the protocol.
 */
export interface Peer extends PeerHandle {
  /** Statistics up to now. */
  readonly stats: PeerStats;
  /**
   * Resolves when the stream is closed, every protocol's `run` has ended (or 2 s have passed), and all
   * resources are released. Never rejects.
   */
  readonly closed: Promise<PeerEnd>;
  /**
   * Events from now on: first `added`, last `dropped`. An error in a consumer does not affect the peer.
   * A slow consumer misses messages and gets their number.
   */
  events(options?: PeerEventsOptions): AsyncIterableIterator<PeerEvent, undefined>;
  /** As {@link PeerHandle.disconnect} with `requested`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const properties: Record<Exclude<keyof Peer, symbol>, true> = {
  id: true,
  inbound: true,
  remoteAddress: true,
  localAddress: true,
  hello: true,
  capabilities: true,
  flags: true,
  signal: true,
  disconnect: true,
  stats: true,
  closed: true,
  events: true,
};

/** Whether a protocol of this name would hide a property that every peer has. */
export function isReserved(name: string): boolean {
  // A peer with a `then` would be treated as a promise.
  return name === 'then' || name in properties;
}

/** Events of the diagnostics channel `devp2p:peer`. */
export type PeerDiagnostics = {
  /** Public key of this node, 64 bytes, which distinguishes the nodes of one process. */
  readonly localId: Uint8Array;
} & (
  | { readonly type: 'added'; readonly peer: Peer }
  | { readonly type: 'dropped'; readonly peer: Peer; readonly end: PeerEnd }
  /** Opening a peer failed. */
  | { readonly type: 'failed'; readonly stream: MessageStream; readonly error: unknown }
);

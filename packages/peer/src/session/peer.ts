import type { PeerHandle } from '../protocol/protocol.ts';
import type { MessageStream } from '../stream.ts';
import type { PeerEnd, PeerEvent, PeerEventsOptions } from './events.ts';
import type { PeerStats } from './stats.ts';

/**
 * A remote with which at least one protocol runs. Each running protocol's api is a property of its
 * name beside these.
 */
export interface Peer extends PeerHandle {
  /** What has happened so far, counted up to this moment. */
  readonly stats: PeerStats;
  /**
   * Resolves when all is over: the stream is gone, every protocol's `run` has ended (2 s are waited
   * for it) and nothing is kept any more. Never rejects.
   */
  readonly closed: Promise<PeerEnd>;
  /**
   * What happens from now on, beginning with `added`, ending behind `dropped`. What a consumer throws
   * is its own affair; one that lags misses messages, and is told how many.
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

/** Whether a protocol of this name would hide something that every peer has. */
export function isReserved(name: string): boolean {
  // A peer with a `then` would be taken for a promise.
  return name === 'then' || name in properties;
}

/** What is published on the diagnostics channel `devp2p:peer`. */
export type PeerDiagnostics =
  | { readonly type: 'added'; readonly peer: Peer }
  | { readonly type: 'dropped'; readonly peer: Peer; readonly end: PeerEnd }
  /** A stream on which no peer came to be. */
  | { readonly type: 'failed'; readonly stream: MessageStream; readonly error: unknown };

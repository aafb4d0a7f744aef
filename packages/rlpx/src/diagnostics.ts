import { channel } from 'node:diagnostics_channel';
import type { Address } from './stream/message.ts';

/**
 * Events of the diagnostics channel `devp2p:rlpx`:
 *
 * - `handshake`: a handshake succeeded and its stream is open;
 * - `handshake-failed`: a handshake failed and its transport is destroyed; `error` is an `RlpxError`, or the reason of
 *   the caller's signal;
 * - `closed`: the transport of an open stream is closed; `error` is absent when either side closed the stream;
 * - `accept-failed`: the system failed to accept a connection; the listener goes on.
 */
export type RlpxEvent =
  | (Connection & { readonly type: 'handshake'; readonly milliseconds: number })
  | (Connection & {
      readonly type: 'handshake-failed';
      readonly milliseconds: number;
      readonly error: unknown;
    })
  | (Connection & { readonly type: 'closed'; readonly error?: Error | undefined })
  | { readonly type: 'accept-failed'; readonly localId: Uint8Array; readonly error: Error };

interface Connection {
  /** 64-byte public key of this node, which distinguishes the nodes of one process. */
  readonly localId: Uint8Array;
  readonly inbound: boolean;
  /** 64-byte public key; absent before an inbound handshake has revealed it. */
  readonly remoteId?: Uint8Array | undefined;
  readonly remoteAddress?: Address | undefined;
}

const rlpx = channel('devp2p:rlpx');

/** Publishes an event. It is made only if the channel has subscribers. */
export function publish(describe: () => RlpxEvent): void {
  if (rlpx.hasSubscribers) rlpx.publish(describe());
}

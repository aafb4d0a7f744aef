import { channel } from 'node:diagnostics_channel';
import type { Address } from './stream/message.ts';

/**
 * What is published on the diagnostics channel `devp2p:rlpx`:
 *
 * - `handshake`: a stream is open;
 * - `handshake-failed`: a handshake is over without one, and the transport destroyed; `error` is an `RlpxError`, or
 *   what the caller's signal was aborted with;
 * - `closed`: the transport of an open stream is gone; `error` says why unless this or the other side closed it;
 * - `accept-failed`: the system could not give a listener the next connection; it goes on listening.
 */
export type RlpxEvent =
  | (Connection & { readonly type: 'handshake'; readonly milliseconds: number })
  | (Connection & {
      readonly type: 'handshake-failed';
      readonly milliseconds: number;
      readonly error: unknown;
    })
  | (Connection & { readonly type: 'closed'; readonly error?: Error | undefined })
  | { readonly type: 'accept-failed'; readonly error: Error };

interface Connection {
  readonly inbound: boolean;
  /** 64-byte public key; absent while an inbound handshake has not told it. */
  readonly remoteId?: Uint8Array | undefined;
  readonly remoteAddress?: Address | undefined;
}

const rlpx = channel('devp2p:rlpx');

/** Publishes what `describe` returns if somebody listens. */
export function publish(describe: () => RlpxEvent): void {
  if (rlpx.hasSubscribers) rlpx.publish(describe());
}

import { channel } from 'node:diagnostics_channel';
import type { DisconnectReason, MessageStream } from '@devp2p/peer';

/**
 * Events of the diagnostics channel `devp2p:node`, besides those of the packages on their channels:
 *
 * - `dial`: a node is being dialed;
 * - `dial-failed`: no stream could be opened; `error` is an `RlpxError`, or the reason of the abort;
 * - `refused`: a stream was closed before Hello, because the remote is not wanted.
 */
export type NodeDiagnostics = {
  /** Public key of the local node, 64 bytes. */
  readonly localId: Uint8Array;
} & (
  | { readonly type: 'dial' }
  | { readonly type: 'dial-failed'; readonly error: unknown }
  | {
      readonly type: 'refused';
      readonly stream: MessageStream;
      readonly reason: DisconnectReason;
    }
);

const node = channel('devp2p:node');

/** Publishes the event that `describe` returns, if the channel has subscribers. */
export function publish(describe: () => NodeDiagnostics): void {
  if (node.hasSubscribers) node.publish(describe());
}

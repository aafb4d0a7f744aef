import { channel } from 'node:diagnostics_channel';
import type { DisconnectReason, MessageStream } from '@devp2p/peer';

/**
 * What is published on the diagnostics channel `devp2p:node`, beside what the packages tell on theirs:
 *
 * - `dial`: a node is being dialled;
 * - `dial-failed`: there is no stream with it; `error` is an `RlpxError`, or what the attempt was aborted with;
 * - `refused`: a stream is there, but the remote is not wanted, and Hello was not exchanged.
 */
export type NodeDiagnostics =
  | { readonly type: 'dial' }
  | { readonly type: 'dial-failed'; readonly error: unknown }
  | {
      readonly type: 'refused';
      readonly stream: MessageStream;
      readonly reason: DisconnectReason;
    };

const node = channel('devp2p:node');

/** Publishes what `describe` returns if somebody listens. */
export function publish(describe: () => NodeDiagnostics): void {
  if (node.hasSubscribers) node.publish(describe());
}

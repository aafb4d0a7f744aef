import { channel } from 'node:diagnostics_channel';
import type { Node } from '@devp2p/discover';

/**
 * Events on the diagnostics channel `devp2p:discv4`. Events of the local record and the socket are on
 * `devp2p:discover`.
 *
 * - `node-added`, `node-removed`: the table has changed;
 * - `clock-drift`: requests time out, and the local clock differs by `milliseconds` from the true time, positive if it is ahead;
 * - `clock-check-failed`: requests time out, and the time server does not respond;
 * - `bootnode-unresolved`: the host name of a boot node cannot be resolved; the next refresh tries again;
 * - `store-failed`: the store rejected an operation; discovery continues in memory.
 */
export type Discv4Event = {
  /** Public key of the local node. */
  readonly localId: Uint8Array;
} & (
  | { readonly type: 'node-added' | 'node-removed'; readonly node: Node }
  | { readonly type: 'clock-drift'; readonly milliseconds: number }
  | { readonly type: 'clock-check-failed'; readonly error: unknown }
  | { readonly type: 'bootnode-unresolved'; readonly host: string; readonly error: unknown }
  | { readonly type: 'store-failed'; readonly error: unknown }
);

const discv4 = channel('devp2p:discv4');

/** Publishes the event that `describe` returns if the channel has subscribers. */
export function publish(describe: () => Discv4Event): void {
  if (discv4.hasSubscribers) discv4.publish(describe());
}

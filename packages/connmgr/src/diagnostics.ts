import { channel } from 'node:diagnostics_channel';
import type { Refusal } from './connection.ts';

/**
 * What is published on the diagnostics channel `devp2p:connmgr`:
 *
 * - `refused`: somebody was not let in; the first three times, then once in 30 s at most, with the number of those that
 *   were left out in between;
 * - `accept-failed`: a listener could not accept, as often as `refused`; it is asked again;
 * - `evicted`, `rotated`: a connection gave way to another, by request id;
 * - `discouraged`: an address has behaved too badly;
 * - `address-failed`: `nextAddress` or `nextFeeler` threw; it is asked again;
 * - `anchors-failed`: the store of anchors threw;
 * - `close-failed`: a connection or a listener threw when it was closed.
 */
export type ConnManagerEvent =
  | {
      readonly event: 'refused';
      readonly reason: Refusal;
      readonly ip: Uint8Array | undefined;
      readonly suppressed: number;
    }
  | { readonly event: 'accept-failed'; readonly error: unknown; readonly suppressed: number }
  | { readonly event: 'evicted' | 'rotated'; readonly id: number }
  | { readonly event: 'discouraged'; readonly ip: Uint8Array; readonly reason: string }
  | {
      readonly event: 'address-failed' | 'anchors-failed' | 'close-failed';
      readonly error: unknown;
    };

const connmgr = channel('devp2p:connmgr');

/** Publishes what `describe` returns if somebody listens. */
export function publish(describe: () => ConnManagerEvent): void {
  if (connmgr.hasSubscribers) connmgr.publish(describe());
}

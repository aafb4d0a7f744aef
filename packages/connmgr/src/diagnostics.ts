import { channel } from 'node:diagnostics_channel';
import type { Refusal } from './connection.ts';

/**
 * Events of the diagnostics channel `devp2p:connmgr`:
 *
 * - `refused`: an inbound connection was refused; published for the first three refusals and then at most once in 30 s,
 * with the number of events suppressed in between;
 * - `accept-failed`: a listener failed to accept, published as often as `refused`; it is called again;
 * - `evicted`, `rotated`: a connection was replaced by another, by request id;
 * - `discouraged`: an address exceeded the ban threshold;
 * - `address-failed`: `nextAddress` or `nextFeeler` threw; it is called again;
 * - `anchors-failed`: the store of anchors threw;
 * - `close-failed`: closing a connection or a listener threw.
 */
export type ConnManagerEvent = {
  /** Setting `localIdentity`, which distinguishes the managers of one process. */
  readonly localIdentity: string | undefined;
} & (
  | {
      readonly type: 'refused';
      readonly reason: Refusal;
      readonly ip: Uint8Array | undefined;
      readonly suppressed: number;
    }
  | { readonly type: 'accept-failed'; readonly error: unknown; readonly suppressed: number }
  | { readonly type: 'evicted' | 'rotated'; readonly id: number }
  | { readonly type: 'discouraged'; readonly ip: Uint8Array; readonly reason: string }
  | {
      readonly type: 'address-failed' | 'anchors-failed' | 'close-failed';
      readonly error: unknown;
    }
);

/** Each member of a union without the local identity, which {@link publish} adds. */
type WithoutIdentity<E> = E extends unknown ? Omit<E, 'localIdentity'> : never;

const connmgr = channel('devp2p:connmgr');

/** Publishes the event returned by `describe` if the channel has subscribers. */
export function publish(
  { localIdentity }: Pick<ConnManagerEvent, 'localIdentity'>,
  describe: () => WithoutIdentity<ConnManagerEvent>,
): void {
  if (connmgr.hasSubscribers) connmgr.publish({ localIdentity, ...describe() });
}

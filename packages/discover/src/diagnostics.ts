import { channel } from 'node:diagnostics_channel';
import type { Enr } from '@devp2p/enr';
import type { Address } from './endpoint/udp-socket.ts';

/**
 * Events on the diagnostics channel `devp2p:discover`:
 *
 * - `local-record`: the local record has changed;
 * - `store-failed`: the store rejected an operation on the local record, or the stored record is damaged;
 * - `send-failed`, `socket-failed`: the system rejected a datagram, or reported an error of the socket.
 */
export type DiscoverEvent =
  | { readonly type: 'local-record'; readonly localId: Uint8Array; readonly enr: Enr }
  | { readonly type: 'store-failed'; readonly localId: Uint8Array; readonly error: unknown }
  | {
      readonly type: 'send-failed' | 'socket-failed';
      /** `localId` of the options of the socket. */
      readonly localId: Uint8Array | undefined;
      readonly localAddress: Address;
      readonly error: Error;
    };

const discover = channel('devp2p:discover');

/** Publishes the event that `describe` returns if the channel has subscribers. */
export function publish(describe: () => DiscoverEvent): void {
  if (discover.hasSubscribers) discover.publish(describe());
}

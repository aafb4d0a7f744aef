import { channel } from 'node:diagnostics_channel';
import type { AddrManError } from './error.ts';

/**
 * Events of the diagnostics channel `devp2p:addrman`:
 *
 * - `saved`: a snapshot of `bytes` bytes was written to the store;
 * - `save-failed`: the store rejected; the next save happens as scheduled;
 * - `set-aside`: the store held a snapshot of a later version; it was set aside, and the address manager starts empty.
 */
export type AddrManEvent = {
  /** Option `localId`, which distinguishes the address managers of one process. */
  readonly localId: Uint8Array | undefined;
} & (
  | { readonly type: 'saved'; readonly bytes: number }
  | { readonly type: 'save-failed'; readonly error: unknown }
  | { readonly type: 'set-aside'; readonly error: AddrManError }
);

const addrman = channel('devp2p:addrman');

/** Publishes an event to the subscribers of the channel. */
export function publish(event: AddrManEvent): void {
  addrman.publish(event);
}

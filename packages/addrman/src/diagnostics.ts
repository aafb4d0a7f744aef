import { channel } from 'node:diagnostics_channel';
import type { AddrManError } from './error.ts';

/**
 * What is published on the diagnostics channel `devp2p:addrman`:
 *
 * - `saved`: the store has a new snapshot of so many `bytes`;
 * - `save-failed`: the store refused it; the next one is due as usual;
 * - `set-aside`: the store had a snapshot of a later version; it was moved aside, and we start afresh.
 */
export type AddrManEvent =
  | { readonly event: 'saved'; readonly bytes: number }
  | { readonly event: 'save-failed'; readonly error: unknown }
  | { readonly event: 'set-aside'; readonly error: AddrManError };

const addrman = channel('devp2p:addrman');

/** Publishes an event to whoever listens. */
export function publish(event: AddrManEvent): void {
  addrman.publish(event);
}

import { channel } from 'node:diagnostics_channel';
import type { Enr } from '@devp2p/enr';
import type { Node } from './node.ts';

/**
 * What is published on the diagnostics channel `devp2p:discv4`:
 *
 * - `node-added`, `node-removed`: the table has changed;
 * - `local-record`: our own record is another now, such as when others see us at a new address;
 * - `clock-drift`: nobody answers and the local clock is `milliseconds` ahead (or, negative, behind);
 * - `clock-check-failed`: nobody answers, and neither does the time server;
 * - `bootnode-unresolved`: the name of a boot node has no address; it is asked for again at the next refresh;
 * - `store-failed`: the store refused something; what is only in memory goes on working;
 * - `send-failed`, `socket-failed`: the system refused a datagram, or reported an error on the socket.
 */
export type Discv4Event =
  | { readonly event: 'node-added' | 'node-removed'; readonly node: Node }
  | { readonly event: 'local-record'; readonly enr: Enr }
  | { readonly event: 'clock-drift'; readonly milliseconds: number }
  | { readonly event: 'clock-check-failed'; readonly error: unknown }
  | { readonly event: 'bootnode-unresolved'; readonly host: string; readonly error: unknown }
  | { readonly event: 'store-failed'; readonly error: unknown }
  | { readonly event: 'send-failed' | 'socket-failed'; readonly error: Error };

const discv4 = channel('devp2p:discv4');

/** Publishes what `describe` returns if somebody listens. */
export function publish(describe: () => Discv4Event): void {
  if (discv4.hasSubscribers) discv4.publish(describe());
}

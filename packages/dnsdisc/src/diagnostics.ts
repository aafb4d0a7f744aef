import { channel } from 'node:diagnostics_channel';
import type { DnsdiscError } from './error.ts';

/**
 * What is published on the diagnostics channel `devp2p:dnsdisc`:
 *
 * - `root`: a list was found for the first time, or has changed;
 * - `refused`: what was found under a DNS name was not taken;
 * - `resolver-failed`: a name could not be resolved; `error.cause` says why;
 * - `tree-added`, `tree-removed`: a link to another list is followed, or no longer.
 *
 * `retryIn` is how long the list is left alone then, in ms; absent where nothing has to wait.
 */
export type DnsdiscEvent =
  | { readonly event: 'root'; readonly domain: string; readonly seq: bigint }
  | {
      readonly event: 'refused' | 'resolver-failed';
      /** The DNS name. */
      readonly name: string;
      readonly error: DnsdiscError;
      readonly retryIn?: number | undefined;
    }
  | { readonly event: 'tree-added' | 'tree-removed'; readonly url: string };

const dnsdisc = channel('devp2p:dnsdisc');

/** Publishes what `describe` returns if somebody listens. */
export function publish(describe: () => DnsdiscEvent): void {
  if (dnsdisc.hasSubscribers) dnsdisc.publish(describe());
}

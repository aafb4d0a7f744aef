import { channel } from 'node:diagnostics_channel';
import type { DnsdiscError } from './error.ts';

/**
 * Events on the diagnostics channel `devp2p:dnsdisc`:
 *
 * - `root`: a list is found for the first time, or has changed;
 * - `refused`: the records of a DNS name are not valid;
 * - `resolver-failed`: a DNS name cannot be resolved; `error.cause` is the error of the resolver;
 * - `tree-added`, `tree-removed`: a linked list is added or removed.
 *
 * `retryIn` is the time until the next request for the list in milliseconds, if there is a delay.
 */
export type DnsdiscEvent = {
  /** `localId` of the options. */
  readonly localId: Uint8Array | undefined;
} & (
  | { readonly type: 'root'; readonly domain: string; readonly seq: bigint }
  | {
      readonly type: 'refused' | 'resolver-failed';
      /** DNS name. */
      readonly name: string;
      readonly error: DnsdiscError;
      readonly retryIn?: number | undefined;
    }
  | { readonly type: 'tree-added' | 'tree-removed'; readonly url: string }
);

const dnsdisc = channel('devp2p:dnsdisc');

/** Publishes the event that `describe` returns if the channel has subscribers. */
export function publish(describe: () => DnsdiscEvent): void {
  if (dnsdisc.hasSubscribers) dnsdisc.publish(describe());
}

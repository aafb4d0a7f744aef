import type { Enr } from '@devp2p/enr';
import { string } from '@devp2p/options';
import { check, waitRules } from '../check-options.ts';
import type { DnsdiscErrorCode } from '../error.ts';
import { readTreeUrl } from '../tree/tree-url.ts';
import { DnsLookup } from './dns-lookup.ts';
import { clientRules, type DnsClientOptions, withDefaults } from './options.ts';
import { RandomNodes } from './random-nodes.ts';

/** Counters of a client. */
export interface DnsClientStats {
  /** DNS names passed to the resolver. */
  readonly requests: number;
  /** Entries found in the cache. */
  readonly cacheHits: number;
  /** Refused entries and failed requests, by error code. */
  readonly refused: { readonly [Code in DnsdiscErrorCode]?: number };
}

/** Finds nodes in node lists in DNS (EIP-1459). All iterators of a client share its cache and its rate limit. */
export interface DnsClient {
  /**
   * Iterates over the nodes of lists and linked lists in random order, without end: each node occurs once before one is
   * repeated. Entries are looked up on demand. Failures of a resolver or a list do not end it; they are in `stats` and on
   * the diagnostics channel `devp2p:dnsdisc`. Rejects with the reason of the signal when it aborts.
   *
   * @param urls `enrtree://` URLs; without any the iterator ends at once
   * @throws DnsdiscError for an invalid URL, before the first node
   */
  randomNodes(
    urls: string | readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<Enr, void, undefined>;
  /** Copy of the counters. */
  readonly stats: DnsClientStats;
}

/**
 * Creates a client. It has no socket and no timer, and needs no close.
 *
 * @throws DnsdiscError `invalid-option`
 */
export function createDnsClient(options: DnsClientOptions = {}): DnsClient {
  check.options('createDnsClient', options, clientRules);
  const settings = withDefaults(options);
  const lookup = new DnsLookup(settings);
  const refused: { [Code in DnsdiscErrorCode]?: number } = {};
  return {
    randomNodes(urls, options = {}) {
      check.options('randomNodes', options, waitRules);
      const list = [urls].flat();
      check.elements('urls', list, string);
      const trees = list.map((url) => readTreeUrl(url, settings));
      const { signal } = options;
      const count = (code: DnsdiscErrorCode): void => {
        refused[code] = (refused[code] ?? 0) + 1;
      };
      return new RandomNodes(trees, settings, lookup, count).nodes(signal);
    },
    get stats() {
      const { requests, cacheHits } = lookup;
      return { requests, cacheHits, refused: { ...refused } };
    },
  };
}

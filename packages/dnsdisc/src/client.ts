import type { Enr } from '@devp2p/enr';
import { string } from '@devp2p/options';
import { check, waitRules } from './check-options.ts';
import type { DnsdiscErrorCode } from './error.ts';
import { Lookup } from './lookup.ts';
import { clientRules, type DnsClientOptions, withDefaults } from './options.ts';
import { RandomNodes } from './random-nodes.ts';
import { readTreeUrl } from './tree-url.ts';

/** What a client has done so far. */
export interface DnsClientStats {
  /** Names given to the resolver. */
  readonly requests: number;
  /** Entries that did not need it. */
  readonly cacheHits: number;
  /** What was not taken, by reason; `resolver-failed` among them. */
  readonly refused: { readonly [Code in DnsdiscErrorCode]?: number };
}

/** Finds nodes in lists that are published in DNS (EIP-1459). Its iterators share cache and rate limit. */
export interface DnsClient {
  /**
   * The nodes of some lists, and of those that they link to, in random order: each once before one comes again, and
   * without end. It looks up no more than it is asked for, and waits where there is nothing to look up. Trouble with
   * a resolver or a list never ends it; see `stats` and the diagnostics channel `devp2p:dnsdisc`. Rejects with the
   * signal's reason when that aborts.
   *
   * @param urls - `enrtree://` URLs; without any it ends at once.
   * @throws DnsdiscError at once for a URL that is none.
   */
  randomNodes(
    urls: string | readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<Enr, void, undefined>;
  /** A copy of the counters. */
  readonly stats: DnsClientStats;
}

/**
 * Makes a client. It holds no socket and no timer of its own, so there is nothing to close.
 *
 * @throws DnsdiscError `invalid-option` for a setting that makes no sense.
 */
export function createDnsClient(options: DnsClientOptions = {}): DnsClient {
  check.options('createDnsClient', options, clientRules);
  const settings = withDefaults(options);
  const lookup = new Lookup(settings);
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

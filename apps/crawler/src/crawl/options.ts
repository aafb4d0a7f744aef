import type { ResolveTxt } from '@devp2p/dnsdisc';
import {
  abortSignal,
  array,
  boolean,
  func,
  methods,
  nonNegative,
  positive,
  type Rules,
  required,
  string,
} from '@devp2p/options';
import type { ResolveHost } from '../discovery/user-node.ts';
import { check } from '../model/check-options.ts';
import type { CrawlStore } from '../store/store.ts';
import { checkNetwork, type VisitSettings, visitRules } from '../visit/options.ts';
import type { IdentityLimitOptions } from './identity-limits.ts';
import type { ScheduleOptions } from './schedule.ts';

/** Settings and collaborators of a crawler. Times are in milliseconds. */
export interface CrawlerOptions extends VisitSettings, ScheduleOptions, IdentityLimitOptions {
  /** Known nodes and results of visits. The caller closes it. */
  readonly store: CrawlStore;
  /** First nodes to visit: `enode://` (host names allowed) or `enr:`. @default none */
  readonly bootnodes?: readonly string[] | undefined;
  /** `enrtree://` URLs of DNS lists. @default none */
  readonly dnsLists?: readonly string[] | undefined;
  /** Whether to end when no node is left to visit. @default false: nodes are visited again on schedule */
  readonly once?: boolean | undefined;
  /** Maximum random delay of the first request, so that crawlers that start together do not send together. @default 1000 */
  readonly startupJitter?: number | undefined;
  /** Interval between two stored rollups. @default 60_000 */
  readonly rollupInterval?: number | undefined;
  /** DNS queries per second, all lists together. @default 10 */
  readonly dnsPerSecond?: number | undefined;
  /** Queries TXT records. @default the system's servers */
  readonly resolveTxt?: ResolveTxt | undefined;
  /** Finds the IP address of a host name. @default the system's resolver */
  readonly resolveHost?: ResolveHost | undefined;
  /** Called with errors that do not end the crawl. @default they are ignored */
  readonly onWarning?: ((message: string, error: unknown) => void) | undefined;
}

/** Options of `Crawler.run`. */
export interface RunOptions {
  /** Ends the crawl. */
  readonly signal?: AbortSignal | undefined;
}

const crawlerRules: Rules<CrawlerOptions> = {
  ...visitRules,
  store: required(methods('get')),
  bootnodes: array,
  dnsLists: array,
  once: boolean,
  startupJitter: nonNegative,
  rollupInterval: positive,
  dnsPerSecond: positive,
  resolveTxt: func,
  resolveHost: func,
  onWarning: func,
  successInterval: positive,
  minBackoff: positive,
  maxBackoff: positive,
  otherProtocolInterval: positive,
  maxJitter: nonNegative,
  maxPerIp: positive,
  maxPerNetwork: positive,
  maxPerSource: positive,
  maxNodes: positive,
};

/** @throws CrawlerError `invalid-option` */
export function checkCrawlerOptions(options: CrawlerOptions): void {
  check.options('createCrawler', options, crawlerRules);
  checkNetwork(options);
  const { bootnodes, dnsLists } = options;
  if (bootnodes !== undefined) check.elements('bootnodes', bootnodes, string);
  if (dnsLists !== undefined) check.elements('dnsLists', dnsLists, string);
}

/** @throws CrawlerError `invalid-option` */
export function checkRunOptions(options: RunOptions): void {
  check.options('run', options, { signal: abortSignal });
}

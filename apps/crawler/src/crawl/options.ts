import type { ResolveTxt } from '@devp2p/dnsdisc';
import {
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
import type { CrawlStore } from '../store/store.ts';
import { check, checkNetwork, type VisitSettings, visitRules } from '../visit/options.ts';
import type { IdentityLimitOptions } from './identity-limits.ts';
import type { ScheduleOptions } from './schedule.ts';

/** Settings and collaborators of a crawler. Times are in milliseconds. */
export interface CrawlerOptions extends VisitSettings, ScheduleOptions, IdentityLimitOptions {
  /** What is found goes here, and what is here already is gone on from. It is the caller's to close. */
  readonly store: CrawlStore;
  /** Where to begin: `enode://` (host names allowed) or `enr:`. @default none */
  readonly bootnodes?: readonly string[] | undefined;
  /** `enrtree://` URLs of lists in DNS. @default none */
  readonly dnsLists?: readonly string[] | undefined;
  /** Whether to end when nobody is left to visit. @default false: it goes on, and visits everybody again */
  readonly once?: boolean | undefined;
  /** The most that chance makes the first question wait, so that crawlers that start together do not ask together. @default 1000 */
  readonly startupJitter?: number | undefined;
  /** Between two rollups in the store. @default 60_000 */
  readonly rollupInterval?: number | undefined;
  /** Look-ups in DNS, all lists together. @default 10 */
  readonly dnsPerSecond?: number | undefined;
  /** Looks up TXT records. @default the system's servers */
  readonly resolveTxt?: ResolveTxt | undefined;
  /** Finds the IP address of a host name. @default the system's resolver */
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
  /** Told what goes wrong without ending the crawl. @default nobody */
  readonly onTrouble?: ((what: string, error: unknown) => void) | undefined;
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
  onTrouble: func,
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

import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { UdpSocket } from '@devp2p/discv4';
import type { ResolveTxt } from '@devp2p/dnsdisc';
import {
  abortSignal,
  array,
  boolean,
  bytes,
  type Checker,
  createChecker,
  func,
  integer,
  methods,
  nonNegative,
  object,
  positive,
  type Rules,
  required,
  secret,
  string,
  uint,
} from '@devp2p/options';
import type { ChainFilter } from './chain-filter.ts';
import type { CheckOptions } from './check.ts';
import { CrawlerError } from './error.ts';
import type { IdentityLimitOptions } from './identity-limits.ts';
import type { ScheduleOptions } from './schedule.ts';
import type { CrawlStore } from './store.ts';
import type { Dial } from './visit/dial.ts';

/** How nodes are asked. Times are in milliseconds. */
export interface VisitSettings {
  /** Ours, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** What we say that we are. @default 'devp2p-crawler' */
  readonly clientId?: string | undefined;
  /** IP address to bind for discovery. @default `::`, or `0.0.0.0` where there is no IPv6 */
  readonly host?: string | undefined;
  /** UDP port to bind for discovery. @default 0, any that is free */
  readonly port?: number | undefined;
  /** The chain that the step `chain` is about. @default any that a Status names */
  readonly network?: ChainFilter | undefined;
  /** For an answer over UDP; what is not answered is asked once more. @default 3000 */
  readonly requestTimeout?: number | undefined;
  /** To open a connection. @default 10_000 */
  readonly connectTimeout?: number | undefined;
  /** For each of the RLPx handshake, Hello, Status and the header. @default 15_000 */
  readonly handshakeTimeout?: number | undefined;
  /** Between two connections to one IP address; a LAN's and this machine's are not held back. @default 35_000 */
  readonly dialInterval?: number | undefined;
  /** Age of its head up to which a node is synced. @default 60_000 */
  readonly maxHeadAge?: number | undefined;
  /** Questions over UDP, all nodes together. @default 4000 */
  readonly packetsPerSecond?: number | undefined;
  /** Connections, all nodes together. @default 400 */
  readonly dialsPerSecond?: number | undefined;
  /** Visits at a time; most of those who are named are not there, and are waited for in vain. @default 4096 */
  readonly maxVisits?: number | undefined;
  /** Visits at a time of nodes that have answered. @default 256 */
  readonly maxActive?: number | undefined;
  /** For discovery, instead of one that is bound. */
  readonly socket?: UdpSocket | undefined;
  /** Opens streams to nodes. @default TCP and RLPx */
  readonly dial?: Dial | undefined;
  /** @default `fastCrypto` */
  readonly crypto?: Crypto | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** @default the machine's */
  readonly random?: RandomBytes | undefined;
}

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

/** {@link VisitSettings} with nothing left open that has a default. */
export interface VisitDefaults {
  readonly clientId: string;
  readonly requestTimeout: number;
  readonly connectTimeout: number;
  readonly handshakeTimeout: number;
  readonly dialInterval: number;
  readonly maxHeadAge: number;
  readonly packetsPerSecond: number;
  readonly dialsPerSecond: number;
  readonly maxVisits: number;
  readonly maxActive: number;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

const check: Checker = createChecker(CrawlerError, 'invalid-option');

const visitRules: Rules<VisitSettings> = {
  privateKey: required(secret(bytes(32))),
  clientId: string,
  host: string,
  port: integer(0, 65_535),
  network: object,
  requestTimeout: positive,
  connectTimeout: positive,
  handshakeTimeout: positive,
  dialInterval: positive,
  maxHeadAge: positive,
  packetsPerSecond: positive,
  dialsPerSecond: positive,
  maxVisits: positive,
  maxActive: positive,
  socket: methods('send', 'onMessage', 'close'),
  dial: func,
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

const chainRules: Rules<ChainFilter> = {
  networkId: uint(64),
  genesis: bytes(32),
  forkId: object,
  forks: object,
};

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

const checkRules: Rules<CheckOptions> = {
  ...visitRules,
  signal: abortSignal,
  onStep: func,
  resolveHost: func,
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
export function checkCheckOptions(node: string, options: CheckOptions): void {
  check.value('node', node, string);
  check.options('checkNode', options, checkRules);
  checkNetwork(options);
}

function checkNetwork({ network }: VisitSettings): void {
  if (network !== undefined) check.options('network', network, chainRules);
}

/** Fills in what has a default. */
export function withDefaults(options: VisitSettings): VisitDefaults {
  return {
    clientId: options.clientId ?? 'devp2p-crawler',
    requestTimeout: options.requestTimeout ?? 3_000,
    connectTimeout: options.connectTimeout ?? 10_000,
    handshakeTimeout: options.handshakeTimeout ?? 15_000,
    dialInterval: options.dialInterval ?? 35_000,
    maxHeadAge: options.maxHeadAge ?? 60_000,
    packetsPerSecond: options.packetsPerSecond ?? 4_000,
    dialsPerSecond: options.dialsPerSecond ?? 400,
    maxVisits: options.maxVisits ?? 4_096,
    maxActive: options.maxActive ?? 256,
    crypto: options.crypto ?? fastCrypto,
    clock: options.clock ?? systemClock,
    random: options.random ?? randomBytes,
  };
}

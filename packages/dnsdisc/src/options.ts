import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { func, integer, methods, positive, type Rules } from '@devp2p/options';
import { dnsResolver, type ResolveTxt } from './resolver.ts';

/** Settings and collaborators of a client. Times are in milliseconds. */
export interface DnsClientOptions {
  /**
   * The most entries looked up in any second, all lists together. Those that are cached count as well, so that an
   * endless iterator never spins.
   * @default 3, as go-ethereum (`defaultRateLimit`)
   */
  readonly requestsPerSecond?: number | undefined;
  /**
   * How long the resolver may take for a name.
   * @default 5000, as go-ethereum (`defaultTimeout`)
   */
  readonly timeout?: number | undefined;
  /**
   * How often the root of a list is looked up again.
   * @default 1800000, as go-ethereum (`defaultRecheck`)
   */
  readonly recheckInterval?: number | undefined;
  /**
   * How long a list is left alone after a failure; twice as long after each one more in a row.
   * @default 1000
   */
  readonly retryDelay?: number | undefined;
  /** What the delay between failures grows to. @default 300000 */
  readonly maxRetryDelay?: number | undefined;
  /**
   * How many entries are kept, those that were not used for longest being dropped.
   * @default 1000, as go-ethereum (`defaultCache`)
   */
  readonly cacheSize?: number | undefined;
  /** The most entries in each half of a tree, records and links; what goes beyond is left out. @default 20000 */
  readonly maxEntries?: number | undefined;
  /** The most lists that one iterator reads, those that it was given included. @default 32 */
  readonly maxTrees?: number | undefined;
  /** How many links away from the given lists others are read; 0 follows no links. @default 4 */
  readonly maxLinkDepth?: number | undefined;
  /** @default `dnsResolver()`, which asks the system's DNS servers */
  readonly resolveTxt?: ResolveTxt | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` checks records about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** Decides the order in which entries are visited. @default `randomBytes` of `@devp2p/crypto` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** {@link DnsClientOptions} with nothing left open. */
export type Settings = {
  readonly [K in keyof DnsClientOptions]-?: NonNullable<DnsClientOptions[K]>;
};

/** The rules of {@link DnsClientOptions}. */
export const clientRules: Rules<DnsClientOptions> = {
  requestsPerSecond: integer(1),
  timeout: positive,
  recheckInterval: positive,
  retryDelay: positive,
  maxRetryDelay: positive,
  cacheSize: integer(1),
  maxEntries: integer(1),
  maxTrees: integer(1),
  maxLinkDepth: integer(0),
  resolveTxt: func,
  crypto: methods('keccak256'),
  random: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
};

/** Fills in what is left open; the options are checked by then. */
export function withDefaults(options: DnsClientOptions): Settings {
  return {
    requestsPerSecond: options.requestsPerSecond ?? 3,
    timeout: options.timeout ?? 5_000,
    recheckInterval: options.recheckInterval ?? 30 * 60_000,
    retryDelay: options.retryDelay ?? 1_000,
    maxRetryDelay: options.maxRetryDelay ?? 5 * 60_000,
    cacheSize: options.cacheSize ?? 1_000,
    maxEntries: options.maxEntries ?? 20_000,
    maxTrees: options.maxTrees ?? 32,
    maxLinkDepth: options.maxLinkDepth ?? 4,
    resolveTxt: options.resolveTxt ?? dnsResolver(),
    crypto: options.crypto ?? nobleCrypto,
    random: options.random ?? randomBytes,
    clock: options.clock ?? systemClock,
  };
}

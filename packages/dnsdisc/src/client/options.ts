import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { bytes, func, integer, methods, positive, type Rules } from '@devp2p/options';
import { createRandomSource, type RandomBytes, type RandomSource } from '@devp2p/random';
import { createDnsResolver, type ResolveTxt } from './dns-resolver.ts';

/** Options of {@link createDnsClient}. Times are in milliseconds. */
export interface DnsClientOptions {
  /**
   * Limit of lookups in any second, for all lists together. Cached entries count as well, so that an endless iterator
   * does not spin.
   * @default 3, as go-ethereum (`defaultRateLimit`)
   */
  readonly requestsPerSecond?: number | undefined;
  /**
   * Timeout of the resolver for a name.
   * @default 5000, as go-ethereum (`defaultTimeout`)
   */
  readonly timeout?: number | undefined;
  /**
   * Time after which the root of a list is looked up again.
   * @default 1800000, as go-ethereum (`defaultRecheck`)
   */
  readonly recheckInterval?: number | undefined;
  /**
   * Delay after a failure of a list; it doubles after each further failure in a row.
   * @default 1000
   */
  readonly retryDelay?: number | undefined;
  /** Longest delay after a failure. @default 300000 */
  readonly maxRetryDelay?: number | undefined;
  /**
   * Limit of cached entries; the least recently used one is dropped.
   * @default 1000, as go-ethereum (`defaultCache`)
   */
  readonly cacheSize?: number | undefined;
  /** Limit of entries in each half of a tree, records and links; further ones are left out. @default 20000 */
  readonly maxEntries?: number | undefined;
  /** Limit of lists per iterator, including the given ones. @default 32 */
  readonly maxTrees?: number | undefined;
  /** Limit of links between a given list and another one; 0 follows no links. @default 4 */
  readonly maxLinkDepth?: number | undefined;
  /** @default `createDnsResolver()`, which uses the DNS servers of the system */
  readonly resolveTxt?: ResolveTxt | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` verifies records about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** Source of the order in which entries are visited. @default `randomBytes` of `@devp2p/random` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** Public key of the local node, 64 bytes, for diagnostics events. @default none */
  readonly localId?: Uint8Array | undefined;
}

/** {@link DnsClientOptions} with defaults. */
export type Settings = {
  readonly [K in keyof Omit<DnsClientOptions, 'random' | 'localId'>]-?: NonNullable<DnsClientOptions[K]>;
} & { readonly random: RandomSource; readonly localId: Uint8Array | undefined };

/** Rules of {@link DnsClientOptions}. */
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
  localId: bytes(64),
};

/** Adds the defaults to checked options. */
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
    resolveTxt: options.resolveTxt ?? createDnsResolver(),
    crypto: options.crypto ?? nobleCrypto,
    random: createRandomSource(options.random),
    clock: options.clock ?? systemClock,
    localId: options.localId,
  };
}

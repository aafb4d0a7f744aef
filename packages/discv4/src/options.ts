import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import {
  createMemoryStore,
  type KademliaOptions,
  kademliaDefaults,
  kademliaRules,
  type LocalNode,
  type LocalNodeSettings,
  localNodeRule,
  localNodeRules,
  type NodeStore,
} from '@devp2p/discover';
import type { Enode } from '@devp2p/enr';
import { array, bytes, func, methods, positive, type Rules, required, secret } from '@devp2p/options';
import { createRandomSource, type RandomBytes, type RandomSource } from '@devp2p/random';
import { check } from './check-options.ts';
import type { Sntp } from './drift/drift-monitor.ts';

/** Options of discovery v4. Times are in milliseconds. */
export interface Discv4Options extends KademliaOptions, LocalNodeSettings {
  /** Static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /**
   * The local node, if it is shared with another protocol: {@link LocalNodeSettings} are not allowed then.
   * @default opened from `store`
   */
  readonly localNode?: LocalNode | undefined;
  /**
   * Nodes to start with: `enode://` URLs (host names allowed), `enr:` texts, or enodes.
   * @default none: only nodes that contact the local node are found
   */
  readonly bootnodes?: readonly (string | Enode)[] | undefined;

  /** Timeout of a request. @default 500, as go-ethereum (`respTimeout`) */
  readonly requestTimeout?: number | undefined;
  /** Lifetime of sent packets. @default 20000, as go-ethereum (`expiration`) */
  readonly expiration?: number | undefined;
  /** Lifetime of an endpoint proof. @default 86400000, as go-ethereum (`bondExpiration`) */
  readonly proofLifetime?: number | undefined;
  /**
   * Packets per second that are processed from one IPv4 address or IPv6 /64, with bursts of twice the number. Loopback
   * addresses have no limit.
   * @default 100
   */
  readonly maxPacketsPerSecond?: number | undefined;
  /** Limit of concurrent requests. @default 2048 */
  readonly maxPending?: number | undefined;
  /** Limit of endpoint proofs in memory. @default 20000 */
  readonly maxProofs?: number | undefined;
  /** Limit of endpoint proofs of one global IPv4 address or IPv6 /64. @default 64 */
  readonly maxProofsPerSource?: number | undefined;

  /** Timeouts in a row above which the clock is checked. @default 32, as go-ethereum (`ntpFailureThreshold`) */
  readonly driftTimeouts?: number | undefined;
  /** Shortest time between two clock checks. @default 600000, as go-ethereum (`ntpWarningCooldown`) */
  readonly driftInterval?: number | undefined;
  /** Drift of the clock above which it is reported. @default 10000, as go-ethereum (`driftThreshold`) */
  readonly driftTolerance?: number | undefined;

  /** Persistent storage. @default `createMemoryStore()` of `@devp2p/discover` */
  readonly store?: NodeStore | undefined;
  /** Measures the drift of the clock. @default with `listen`: pool.ntp.org by SNTP; otherwise the clock is not checked */
  readonly sntp?: Sntp | undefined;
  /** Resolves host names of nodes. @default with `listen`: the system resolver; otherwise host names are refused */
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` is about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** @default `randomBytes` of `@devp2p/random` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** Names of the numeric settings of this package. */
type Numeric =
  | 'requestTimeout'
  | 'expiration'
  | 'proofLifetime'
  | 'maxPacketsPerSecond'
  | 'maxPending'
  | 'maxProofs'
  | 'maxProofsPerSource'
  | 'driftTimeouts'
  | 'driftInterval'
  | 'driftTolerance';
type Numbers = typeof kademliaDefaults & { readonly [K in Numeric]: number };

const defaults: Numbers = {
  ...kademliaDefaults,
  requestTimeout: 500,
  expiration: 20_000,
  proofLifetime: 24 * 3_600_000,
  maxPacketsPerSecond: 100,
  maxPending: 2048,
  maxProofs: 20_000,
  maxProofsPerSource: 64,
  driftTimeouts: 32,
  driftInterval: 10 * 60_000,
  driftTolerance: 10_000,
};

/** {@link Discv4Options} with defaults. */
export type Settings = Omit<Discv4Options, keyof Numbers | 'store' | 'crypto' | 'random' | 'clock'> &
  Numbers & {
    readonly store: NodeStore;
    readonly crypto: Crypto;
    readonly random: RandomSource;
    readonly clock: Clock;
  };

/** Rules of {@link Discv4Options}. */
export const discv4Rules: Rules<Discv4Options> = {
  ...kademliaRules,
  ...localNodeRules,
  privateKey: required(secret(bytes(32))),
  localNode: localNodeRule,
  bootnodes: array,
  requestTimeout: positive,
  expiration: positive,
  proofLifetime: positive,
  maxPacketsPerSecond: positive,
  maxPending: positive,
  maxProofs: positive,
  maxProofsPerSource: positive,
  driftTimeouts: positive,
  driftInterval: positive,
  driftTolerance: positive,
  store: methods('get', 'put', 'delete', 'entries'),
  sntp: func,
  resolveHost: func,
  crypto: methods('keccak256'),
  random: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
};

/**
 * Checks the combination of options: the settings of the local record belong to a shared local node.
 *
 * @throws Discv4Error `invalid-option`
 */
export function checkLocalNode(options: Discv4Options): void {
  if (options.localNode === undefined) return;
  for (const name of Object.keys(localNodeRules) as (keyof LocalNodeSettings)[]) {
    const value = options[name];
    if (value !== undefined) check.fail(name, value, 'an option of the shared localNode');
  }
}

/** Adds the defaults to checked options. */
export function withDefaults(options: Discv4Options): Settings {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(defaults)) {
    numbers[name] = options[name as keyof Numbers] ?? value;
  }
  return {
    ...options,
    ...(numbers as Numbers),
    store: options.store ?? createMemoryStore(),
    crypto: options.crypto ?? nobleCrypto,
    random: createRandomSource(options.random),
    clock: options.clock ?? systemClock,
  };
}

import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import type { Enode, EnrContent, IpRange } from '@devp2p/enr';
import {
  array,
  boolean,
  bytes,
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
} from '@devp2p/options';
import type { Sntp } from './drift.ts';
import type { Node } from './node.ts';
import { memoryStore, type NodeStore } from './node-store.ts';
import type { Address } from './socket.ts';

/** Settings and collaborators of discovery. Times are in milliseconds. */
export interface Discv4Options {
  /** Our static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /**
   * Where to begin: `enode://` URLs (host names allowed), `enr:` texts, or enodes.
   * @default none: only those who contact us are found
   */
  readonly bootnodes?: readonly (string | Enode)[] | undefined;
  /** RLPx port to announce; 0 for none. @default the UDP port */
  readonly tcpPort?: number | undefined;
  /** Our IPv4 address as others see it. Never overwritten. @default predicted from what others say */
  readonly externalIp?: string | undefined;
  /** Our IPv6 address as others see it. Never overwritten. @default predicted from what others say */
  readonly externalIp6?: string | undefined;
  /** Entries for our own record, such as `eth`. @default none */
  readonly entries?: EnrContent | undefined;
  /** The only networks that nodes are taken from; boot nodes are not asked. @default all */
  readonly netRestrict?: readonly IpRange[] | undefined;
  /**
   * Told what each node answers in a lookup, as far as it may say so: what to believe of it is for an address manager to
   * decide.
   * @default nobody is told
   */
  readonly onNeighbors?: ((neighbors: readonly Node[], from: Node) => void) | undefined;
  /**
   * Called with what is no discovery v4 packet, for another protocol on the same socket. The bytes are its own.
   * @default dropped
   */
  readonly onUnhandled?: ((bytes: Uint8Array, from: Address) => void) | undefined;

  /**
   * Whether to keep a table: to fill it, and to check the nodes in it. Without that, nothing is sent but answers and what
   * is asked for, which is what a crawler wants.
   * @default true
   */
  readonly maintainTable?: boolean | undefined;
  /** How long to wait for an answer. @default 500, as go-ethereum (`respTimeout`) */
  readonly requestTimeout?: number | undefined;
  /** How long our packets are good for. @default 20000, as go-ethereum (`expiration`) */
  readonly expiration?: number | undefined;
  /** How long an endpoint proof holds. @default 86400000, as go-ethereum (`bondExpiration`) */
  readonly bondExpiration?: number | undefined;
  /**
   * Longest time between two checks of nodes that are new or have failed; three times that for the others.
   * @default 3000, as go-ethereum (`PingInterval`)
   */
  readonly pingInterval?: number | undefined;
  /**
   * Longest time between two refreshes of the table; the shortest is half of it.
   * @default 1800000, as go-ethereum (`RefreshInterval`)
   */
  readonly refreshInterval?: number | undefined;
  /** Lookups of random targets in a refresh. @default 3, as go-ethereum */
  readonly refreshLookups?: number | undefined;
  /** Shortest time between two lookups of `randomNodes`. @default 1000, as go-ethereum */
  readonly lookupInterval?: number | undefined;
  /** Nodes asked at a time in a lookup. @default 3, Kademlia's α */
  readonly lookupConcurrency?: number | undefined;
  /** FindNode failures in a row that drop a node. @default 5, as go-ethereum (`maxFindnodeFailures`) */
  readonly maxFindFailures?: number | undefined;

  /** Nodes of one /24 or IPv6 /64 in a bucket. @default 2, as go-ethereum (`bucketIPLimit`) */
  readonly bucketNetworkLimit?: number | undefined;
  /** Nodes of one /24 or IPv6 /64 in the table. @default 10, as go-ethereum (`tableIPLimit`) */
  readonly tableNetworkLimit?: number | undefined;
  /** Nodes kept beside each full bucket. @default 10, as go-ethereum (`maxReplacements`) */
  readonly maxReplacements?: number | undefined;
  /** Nodes taken from the store in a refresh. @default 30, as go-ethereum (`seedCount`) */
  readonly seedCount?: number | undefined;
  /** Age of its last Pong at which a stored node is no seed any more. @default 432000000, as go-ethereum (`seedMaxAge`) */
  readonly seedMaxAge?: number | undefined;

  /**
   * Packets per second of one IPv4 address or IPv6 /64 that are looked at, and twice as many at once. This machine's own
   * (loopback) are not counted.
   * @default 100
   */
  readonly maxPacketsPerSecond?: number | undefined;
  /** Requests of ours that may wait for an answer at once. @default 2048 */
  readonly maxPending?: number | undefined;
  /** Endpoint proofs that are kept in memory. @default 20000 */
  readonly maxBonds?: number | undefined;
  /** Endpoint proofs of one IPv4 address or IPv6 /64 on the internet. @default 64 */
  readonly maxBondsPerSource?: number | undefined;

  /** Nodes that have to agree on our endpoint. @default 10, as go-ethereum (`iptrackMinStatements`) */
  readonly minStatements?: number | undefined;
  /** How long what they say counts. @default 300000, as go-ethereum (`iptrackWindow`) */
  readonly statementWindow?: number | undefined;
  /** Timeouts in a row above which the clock is checked. @default 32, as go-ethereum (`ntpFailureThreshold`) */
  readonly driftTimeouts?: number | undefined;
  /** Shortest time between two clock checks. @default 600000, as go-ethereum (`ntpWarningCooldown`) */
  readonly driftInterval?: number | undefined;
  /** Drift of the clock that is still harmless. @default 10000, as go-ethereum (`driftThreshold`) */
  readonly driftTolerance?: number | undefined;

  /** What is remembered over a restart. @default `memoryStore()`, which is nothing */
  readonly store?: NodeStore | undefined;
  /** Measures the drift of the clock. @default of `listen`: pool.ntp.org by SNTP; else, or if `undefined`, it is not checked */
  readonly sntp?: Sntp | undefined;
  /** Finds the IP address of a boot node's host name. @default of `listen`: the system's resolver; else names fail */
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` is about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** @default `randomBytes` of `@devp2p/crypto` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

const NUMBERS: Numbers = {
  requestTimeout: 500,
  expiration: 20_000,
  bondExpiration: 24 * 3_600_000,
  pingInterval: 3_000,
  refreshInterval: 30 * 60_000,
  refreshLookups: 3,
  lookupInterval: 1_000,
  lookupConcurrency: 3,
  maxFindFailures: 5,
  bucketNetworkLimit: 2,
  tableNetworkLimit: 10,
  maxReplacements: 10,
  seedCount: 30,
  seedMaxAge: 5 * 24 * 3_600_000,
  maxPacketsPerSecond: 100,
  maxPending: 2048,
  maxBonds: 20_000,
  maxBondsPerSource: 64,
  minStatements: 10,
  statementWindow: 5 * 60_000,
  driftTimeouts: 32,
  driftInterval: 10 * 60_000,
  driftTolerance: 10_000,
};

type Numbers = {
  readonly [K in Exclude<keyof Discv4Options, 'tcpPort'> as NonNullable<
    Discv4Options[K]
  > extends number
    ? K
    : never]-?: number;
};

/** What may be 0: there is simply none of it then. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  'refreshLookups',
  'lookupInterval',
  'maxReplacements',
  'seedCount',
  'seedMaxAge',
]);

/** {@link Discv4Options} with nothing left open that has a default here. */
export type Settings = Omit<
  Discv4Options,
  keyof Numbers | 'store' | 'crypto' | 'random' | 'clock'
> &
  Numbers & {
    readonly store: NodeStore;
    readonly crypto: Crypto;
    readonly random: RandomBytes;
    readonly clock: Clock;
  };

const numberRules = Object.fromEntries(
  Object.keys(NUMBERS).map((name) => [name, MAY_BE_ZERO.has(name) ? nonNegative : positive]),
) as Rules<Numbers>;

/** The rules of {@link Discv4Options}. */
export const discv4Rules: Rules<Discv4Options> = {
  privateKey: required(secret(bytes(32))),
  bootnodes: array,
  tcpPort: integer(0, 65_535),
  externalIp: string,
  externalIp6: string,
  entries: object,
  netRestrict: array,
  onNeighbors: func,
  onUnhandled: func,
  maintainTable: boolean,
  ...numberRules,
  store: methods('get', 'put', 'delete', 'entries'),
  sntp: func,
  resolveHost: func,
  crypto: methods('keccak256'),
  random: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
};

/** Fills in what is left open; the options are checked by then. */
export function withDefaults(options: Discv4Options): Settings {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(NUMBERS)) {
    const chosen = options[name as keyof Numbers] ?? value;
    numbers[name] = chosen;
  }
  return {
    ...options,
    ...(numbers as Numbers),
    store: options.store ?? memoryStore(),
    crypto: options.crypto ?? nobleCrypto,
    random: options.random ?? randomBytes,
    clock: options.clock ?? systemClock,
  };
}

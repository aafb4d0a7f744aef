import type { IpRange } from '@devp2p/ip';
import { array, boolean, func, nonNegative, positive, type Rules } from '@devp2p/options';
import type { Node } from '../node/node.ts';

/** Settings of the node table and the lookups, shared by all discovery versions. Times are in milliseconds. */
export interface KademliaOptions {
  /** Networks from which nodes are accepted; boot nodes are exempt. @default all */
  readonly netRestrict?: readonly IpRange[] | undefined;
  /** Called with the nodes in each response during a lookup. @default not called */
  readonly onNeighbors?: ((neighbors: readonly Node[], from: Node) => void) | undefined;
  /**
   * Whether to maintain a table: to fill it and to check its nodes. Otherwise only responses and explicit requests are
   * sent, as a crawler needs it.
   * @default true
   */
  readonly maintainTable?: boolean | undefined;
  /**
   * Longest time between two checks of new or failed nodes; three times that for all others.
   * @default 3000, as go-ethereum (`PingInterval`)
   */
  readonly pingInterval?: number | undefined;
  /**
   * Longest time between two refreshes of the table; the shortest is half of it.
   * @default 1800000, as go-ethereum (`RefreshInterval`)
   */
  readonly refreshInterval?: number | undefined;
  /** Lookups of random targets per refresh. @default 3, as go-ethereum */
  readonly refreshLookups?: number | undefined;
  /** Shortest time between two lookups of `randomNodes`. @default 1000, as go-ethereum */
  readonly lookupInterval?: number | undefined;
  /** Concurrent requests per lookup. @default 3, Kademlia's α */
  readonly lookupConcurrency?: number | undefined;
  /** FindNode failures in a row after which a node is removed. @default 5, as go-ethereum (`maxFindnodeFailures`) */
  readonly maxFindFailures?: number | undefined;
  /** Nodes of one /24 or IPv6 /64 per bucket. @default 2, as go-ethereum (`bucketIPLimit`) */
  readonly bucketNetworkLimit?: number | undefined;
  /** Nodes of one /24 or IPv6 /64 in the table. @default 10, as go-ethereum (`tableIPLimit`) */
  readonly tableNetworkLimit?: number | undefined;
  /** Replacements per full bucket. @default 10, as go-ethereum (`maxReplacements`) */
  readonly maxReplacements?: number | undefined;
  /** Nodes loaded from the store per refresh. @default 30, as go-ethereum (`seedCount`) */
  readonly seedCount?: number | undefined;
  /** Longest time since the last Pong of a node loaded from the store. @default 432000000, as go-ethereum (`seedMaxAge`) */
  readonly seedMaxAge?: number | undefined;
}

/** Defaults of the numeric settings of {@link KademliaOptions}. */
export const kademliaDefaults: {
  readonly [K in Exclude<keyof KademliaOptions, 'netRestrict' | 'onNeighbors' | 'maintainTable'>]: number;
} = {
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
};

/** {@link KademliaOptions} with defaults. */
export type KademliaSettings = Omit<KademliaOptions, keyof typeof kademliaDefaults> & typeof kademliaDefaults;

/** Rules of {@link KademliaOptions}. */
export const kademliaRules: Rules<KademliaOptions> = {
  netRestrict: array,
  onNeighbors: func,
  maintainTable: boolean,
  pingInterval: positive,
  refreshInterval: positive,
  refreshLookups: nonNegative,
  lookupInterval: nonNegative,
  lookupConcurrency: positive,
  maxFindFailures: positive,
  bucketNetworkLimit: positive,
  tableNetworkLimit: positive,
  maxReplacements: nonNegative,
  seedCount: nonNegative,
  seedMaxAge: nonNegative,
};

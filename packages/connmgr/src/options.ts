import { type Clock, systemClock } from '@devp2p/clock';
import type { IpRange } from '@devp2p/ip';
import { any, array, func, integer, methods, oneOf, type Rule, type Rules, required, string } from '@devp2p/options';
import { createRandomSource, type RandomBytes, type RandomSource } from '@devp2p/random';
import type { InboundSlot } from './accept/inbound.ts';
import { type BanList, createBanList } from './bans/ban-list.ts';
import { check } from './check-options.ts';
import type { CloseReason, Connection, Incoming, Listener } from './connection.ts';
import type { AnchorStore } from './dial/anchors.ts';
import { dialGroup } from './policy/host.ts';
import type { ConnRequest } from './request.ts';

/** Quality of a connection, reported by its owner. Times are in ms of any one clock; a larger one is later. */
export interface ConnectionStats {
  /** Lowest round-trip time, in ms. */
  readonly ping?: number | undefined;
  /** Time of the last useful transaction. */
  readonly lastTransaction?: number | undefined;
  /** Time of the last useful block or response. */
  readonly lastBlock?: number | undefined;
  /** Overall usefulness: any number, a higher one is better. */
  readonly usefulness?: number | undefined;
  /** Whether the connection is never rotated. @default false */
  readonly isProtected?: boolean | undefined;
}

/** Numbers of {@link ConnManagerSettings}; times are in ms. */
interface Numbers {
  /** Dialed connections to keep, without those of `connect`. @default 8, as btcd; with `maxPeers`, its share */
  readonly targetOutbound?: number | undefined;
  /** With `maxPeers`, one peer in `dialRatio` is dialed. @default 3, as go-ethereum (`defaultDialRatio`) */
  readonly dialRatio?: number | undefined;
  /** Added to the delay with each failure in a row; also the delay before the next address. @default 5000, as btcd */
  readonly retryDelay?: number | undefined;
  /** Longest delay before a retry. @default 300000, as btcd */
  readonly maxRetryDelay?: number | undefined;
  /** Share by which the delay varies at random, 0 to 1. @default 0 */
  readonly retryJitter?: number | undefined;
  /** Timeout of a `dial`. @default 15000, as go-ethereum (`defaultDialTimeout`) */
  readonly dialTimeout?: number | undefined;
  /**
   * Least time between two dials of an address, except for local ones: go-ethereum accepts one connection in 30 s.
   * @default 35000, as go-ethereum (`dialHistoryExpiration`)
   */
  readonly redialDelay?: number | undefined;
  /** Most dials at a time. @default 16, as go-ethereum (`defaultMaxPendingPeers`) */
  readonly maxActiveDials?: number | undefined;
  /** Most inbound connections; 0 for none. @default unlimited; with `maxPeers`, the rest of its share */
  readonly maxInbound?: number | undefined;
  /** Most pending inbound handshakes; a further one displaces another. @default 50, as go-ethereum */
  readonly maxPending?: number | undefined;
  /** Timeout of the inbound handshakes. @default 10000: go-ethereum's 5 s each for RLPx and Hello */
  readonly handshakeTimeout?: number | undefined;
  /** Least time between two inbound attempts from an address, except for local ones. @default 30000, as go-ethereum */
  readonly inboundThrottle?: number | undefined;
  /** Mean time between two feelers. @default 120000, as Bitcoin Core (`FEELER_INTERVAL`) */
  readonly feelerInterval?: number | undefined;
  /** Ban score from which on a peer is discouraged. @default 100, as btcd */
  readonly banThreshold?: number | undefined;
}

/** Settings of the connection manager: plain values. */
export interface ConnManagerSettings extends Numbers {
  /** Most peers: sets `targetOutbound` to one in `dialRatio`, and `maxInbound` to the rest. @default none */
  readonly maxPeers?: number | undefined;
  /**
   * When an inbound connection takes a slot, and is refused or evicts another one if all slots are used: when it is
   * accepted, or when its identity is known, so that the refusal can be sent in its protocol. @default 'accept'
   */
  readonly admitOn?: 'accept' | 'identity' | undefined;
  /** Our own identity, which is also part of the diagnostics events. @default none */
  readonly localIdentity?: string | undefined;
  /** The only networks to accept from and to dial, except for addresses of `connect`. @default all */
  readonly netRestrict?: readonly IpRange[] | undefined;
}

/** Collaborators of the connection manager: functions and objects that it calls. */
export interface ConnManagerCollaborators<A, C extends Connection, I extends Incoming = Incoming> {
  /**
   * Connects to an address, handshakes included. Has to settle soon after its signal aborts; a connection established
   * after that is closed.
   */
  readonly dial: (
    address: A,
    context: { readonly signal: AbortSignal; readonly request: ConnRequest<A, C> },
  ) => Promise<C>;
  /**
   * Source of addresses. If it returns `undefined` it is called again after `retryDelay`; it may also take time.
   * @default none: only addresses of `connect` are dialed
   */
  readonly nextAddress?:
    | ((context: { readonly signal: AbortSignal }) => Promise<A | undefined> | A | undefined)
    | undefined;
  /** Source of addresses to test, one at a time while all outbound slots are used. @default none: no feelers */
  readonly nextFeeler?: ConnManagerCollaborators<A, C>['nextAddress'];
  /** Listeners for inbound connections. Not used without `onAccept`. @default none */
  readonly listeners?: readonly Listener<I>[] | undefined;
  /** Runs the handshakes of an accepted connection. Not called without `listeners`. */
  readonly onAccept?: ((incoming: I, slot: InboundSlot<C>) => Promise<C> | C) | undefined;
  /** Called when a connection is established in either direction, except for feelers. */
  readonly onConnection?: ((connection: C, request: ConnRequest<A, C>) => void) | undefined;
  /** Called when a connection is closed or about to be. `reason` is `undefined` if the remote closed it. */
  readonly onDisconnection?:
    | ((connection: C, request: ConnRequest<A, C>, reason: CloseReason | undefined) => void)
    | undefined;
  /** Called with the result of each dial, feelers included: `error` is `undefined` after a success. */
  readonly onDialed?: ((address: A, error: unknown) => void) | undefined;
  /**
   * Returns the least delay in ms before a permanent address is dialed again, after `error` and `retries` failures in a
   * row; `undefined` for no more than `retryDelay`. @default none
   */
  readonly minRetryDelay?: ((error: unknown, retries: number) => number | undefined) | undefined;
  /** Returns the same key for the same address. @default the address itself if it is a string, otherwise its JSON */
  readonly addressKey?: ((address: A) => string) | undefined;
  /** Returns the expected identity at an address. @default unknown */
  readonly identityOf?: ((address: A) => string | undefined) | undefined;
  /** Returns the identity of the remote of a connection. @default the expected one */
  readonly identify?: ((connection: C) => string | undefined) | undefined;
  /**
   * Whether the dialed connection is kept if both sides connect at the same time. Both sides have to decide alike.
   * @default keeps the first one that is established
   */
  readonly keepsDialed?: ((identity: string) => boolean) | undefined;
  /** Returns the IP address, 4 or 16 bytes. @default unknown: no rules for networks, bans and local addresses */
  readonly ipOf?: ((address: A) => Uint8Array | undefined) | undefined;
  /**
   * Returns the network group, of which one dynamic connection is made; `undefined` for no limit.
   * @default the IPv4 /16 or IPv6 /32, except for local addresses
   */
  readonly networkGroup?: ((ip: Uint8Array) => string | undefined) | undefined;
  /** Returns the quality of a connection, to choose the one to evict or rotate. @default unknown */
  readonly stats?: ((connection: C) => ConnectionStats) | undefined;
  /** Ban list, from `createBanList`. @default an empty list */
  readonly bans?: BanList | undefined;
  /** Store of the addresses to dial first at the next start. @default none */
  readonly anchors?: AnchorStore<A> | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** Source of random bytes. @default `crypto.getRandomValues` */
  readonly random?: RandomBytes | undefined;
}

const defaultNumbers = {
  targetOutbound: 8,
  dialRatio: 3,
  retryDelay: 5_000,
  maxRetryDelay: 300_000,
  retryJitter: 0,
  dialTimeout: 15_000,
  redialDelay: 35_000,
  maxActiveDials: 16,
  maxInbound: Number.POSITIVE_INFINITY,
  maxPending: 50,
  handshakeTimeout: 10_000,
  inboundThrottle: 30_000,
  feelerInterval: 120_000,
  banThreshold: 100,
} as const satisfies AllNumbers;

/** Numbers that may be 0. */
const mayBeZero: ReadonlySet<string> = new Set([
  'targetOutbound',
  'maxInbound',
  'retryJitter',
  'redialDelay',
  'inboundThrottle',
]);

/** Numbers that are integers. */
const integers: ReadonlySet<string> = new Set(['targetOutbound', 'maxInbound', 'maxPending', 'maxActiveDials']);

type Defaulted = 'addressKey' | 'networkGroup' | 'bans' | 'clock';

/** How inbound connections are accepted. */
export type AcceptCallbacks<C extends Connection, I extends Incoming> = Pick<
  ConnManagerCollaborators<never, C, I>,
  'listeners' | 'onAccept'
>;

type AllNumbers = { readonly [K in keyof Numbers]-?: number };

/** Settings and collaborators with all defaults filled in, without {@link AcceptCallbacks}. */
export type Config<A, C extends Connection> = Omit<
  ConnManagerCollaborators<A, C>,
  Defaulted | 'random' | keyof AcceptCallbacks<C, Incoming>
> & {
  readonly [K in Defaulted]-?: NonNullable<ConnManagerCollaborators<A, C>[K]>;
} & AllNumbers &
  Pick<ConnManagerSettings, 'netRestrict'> & {
    readonly localIdentity: string | undefined;
    readonly admitOn: 'accept' | 'identity';
    readonly random: RandomSource;
  };

function numberRule(name: string): Rule {
  const isInteger = integers.has(name);
  const min = mayBeZero.has(name) ? 0 : isInteger ? 1 : Number.MIN_VALUE;
  const range = min === Number.MIN_VALUE ? 'above 0' : `of at least ${min}`;
  return {
    expected: `${isInteger ? 'an integer' : 'a number'} ${range}`,
    fits: (value) =>
      typeof value === 'number' &&
      value >= min &&
      (!isInteger || value === Number.POSITIVE_INFINITY || Number.isInteger(value)),
  };
}

const numberRules = Object.fromEntries(
  Object.keys(defaultNumbers).map((name) => [name, numberRule(name)]),
) as Rules<Numbers>;

const settingsRules: Rules<ConnManagerSettings> = {
  ...numberRules,
  maxPeers: integer(0),
  admitOn: oneOf('accept', 'identity'),
  localIdentity: string,
  netRestrict: array,
};

const collaboratorsRules: Rules<ConnManagerCollaborators<unknown, Connection>> = {
  dial: required(func),
  nextAddress: func,
  nextFeeler: func,
  listeners: array,
  onAccept: func,
  onConnection: func,
  onDisconnection: func,
  onDialed: func,
  minRetryDelay: func,
  addressKey: func,
  identityOf: func,
  identify: func,
  keepsDialed: func,
  ipOf: func,
  networkGroup: func,
  stats: func,
  bans: any,
  anchors: methods('take', 'save'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/**
 * Checks collaborators and settings, and fills in the defaults.
 *
 * @throws ConnManagerError `invalid-option`
 */
export function withDefaults<A, C extends Connection, I extends Incoming>(
  collaborators: ConnManagerCollaborators<A, C, I>,
  settings: ConnManagerSettings,
): Config<A, C> & AcceptCallbacks<C, I> {
  check.options<object>('createConnManager', collaborators, collaboratorsRules);
  check.options('createConnManager', settings, settingsRules);
  const { clock = systemClock } = collaborators;
  const numbers: { -readonly [K in keyof AllNumbers]: number } = {
    ...defaultNumbers,
    ...peerShares(settings),
  };
  for (const name of Object.keys(numbers) as (keyof AllNumbers)[]) {
    numbers[name] = settings[name] ?? numbers[name];
  }
  const { retryJitter, targetOutbound } = numbers;
  if (retryJitter > 1) check.fail('retryJitter', retryJitter, 'a number from 0 to 1');
  if (targetOutbound === Number.POSITIVE_INFINITY) {
    check.fail('targetOutbound', targetOutbound, 'a finite number');
  }
  return {
    ...collaborators,
    ...numbers,
    localIdentity: settings.localIdentity,
    netRestrict: settings.netRestrict,
    admitOn: settings.admitOn ?? 'accept',
    addressKey: collaborators.addressKey ?? defaultKey,
    networkGroup: collaborators.networkGroup ?? dialGroup,
    bans: collaborators.bans ?? createBanList({ clock }),
    clock,
    random: createRandomSource(collaborators.random),
  };
}

/** Returns the shares of `maxPeers`. */
function peerShares({
  maxPeers,
  dialRatio = defaultNumbers.dialRatio,
  targetOutbound,
}: ConnManagerSettings): { targetOutbound: number; maxInbound: number } | undefined {
  if (maxPeers === undefined) return undefined;
  // At least one dialed peer, since a node with few peers would otherwise never find any.
  const share = Math.min(maxPeers, Math.max(1, Math.floor(maxPeers / dialRatio)));
  const outbound = targetOutbound ?? share;
  return { targetOutbound: outbound, maxInbound: Math.max(0, maxPeers - outbound) };
}

function defaultKey(address: unknown): string {
  return typeof address === 'string' ? address : JSON.stringify(address);
}

import { type Clock, systemClock } from '@devp2p/clock';
import {
  any,
  array,
  func,
  integer,
  methods,
  oneOf,
  type Rule,
  type Rules,
  required,
  string,
} from '@devp2p/options';
import type { InboundSlot } from './accept/inbound.ts';
import { type BanList, createBanList } from './bans/ban-list.ts';
import { check } from './check-options.ts';
import type { CloseReason, Connection, Incoming, Listener } from './connection.ts';
import type { AnchorStore } from './dial/anchors.ts';
import type { ConnRequest } from './dial/request.ts';
import { type IpRange, networkGroup } from './policy/ip.ts';
import { type RandomBytes, randomBytes } from './random.ts';

/** How good a connection has been, by its owner's word. Times are in ms of any one clock, the larger the later. */
export interface ConnectionStats {
  /** Lowest round trip, in ms. */
  readonly ping?: number | undefined;
  /** When it last gave us a transaction that we had a use for. */
  readonly lastTransaction?: number | undefined;
  /** When it last gave us a block, or an answer, that we had a use for. */
  readonly lastBlock?: number | undefined;
  /** How useful it is altogether: any number, the more the better. */
  readonly usefulness?: number | undefined;
}

/** Numbers of {@link ConnManagerOptions}; times are in ms. */
interface Numbers {
  /** Connections to keep dialled, those of `connect` not counted. @default 8, as btcd; with `maxPeers`, its share */
  readonly targetOutbound?: number | undefined;
  /** One peer in so many is dialled, with `maxPeers`. @default 3, as go-ethereum (`defaultDialRatio`) */
  readonly dialRatio?: number | undefined;
  /** Longer by this with each attempt in a row that came to nothing; also the wait for an address. @default 5000, as btcd */
  readonly retryDelay?: number | undefined;
  /** @default 300000, as btcd */
  readonly maxRetryDelay?: number | undefined;
  /** Share by which a retry comes earlier or later, at random. @default 0 */
  readonly retryJitter?: number | undefined;
  /** For a whole `dial`. @default 15000, as go-ethereum (`defaultDialTimeout`) */
  readonly dialTimeout?: number | undefined;
  /**
   * An address is not dialled again within this time, local ones excepted: go-ethereum lets nobody in more often than in
   * 30 s. @default 35000, as go-ethereum (`dialHistoryExpiration`)
   */
  readonly redialDelay?: number | undefined;
  /** Dials under way at once. @default 16, as go-ethereum (`defaultMaxPendingPeers`) */
  readonly maxActiveDials?: number | undefined;
  /** Inbound connections; 0 for none. @default unlimited; with `maxPeers`, what the dialled ones leave */
  readonly maxInbound?: number | undefined;
  /** Inbound handshakes under way; one more displaces another. @default 50, as go-ethereum */
  readonly maxPending?: number | undefined;
  /** From coming in to being established. @default 10000: go-ethereum's 5 s each for RLPx and Hello */
  readonly handshakeTimeout?: number | undefined;
  /** Time from one attempt to come in to the next from the same address, local ones excepted. @default 30000, as go-ethereum */
  readonly inboundThrottle?: number | undefined;
  /** Mean time between two tests of addresses. @default 120000, as Bitcoin Core (`FEELER_INTERVAL`) */
  readonly feelerInterval?: number | undefined;
  /** The ban score from which on somebody is discouraged. @default 100, as btcd */
  readonly banThreshold?: number | undefined;
}

/** Settings and collaborators of `createConnManager`. */
export interface ConnManagerOptions<A, C extends Connection, I extends Incoming = Incoming>
  extends Numbers {
  /**
   * Connects, handshakes included. When the signal aborts it should reject soon; a connection that it yields even so is
   * closed.
   */
  readonly dial: (
    address: A,
    context: { readonly signal: AbortSignal; readonly request: ConnRequest<A, C> },
  ) => Promise<C>;
  /**
   * The next address that might be dialled. With none (`undefined`) it is asked again after `retryDelay`; it may as well
   * take its time. @default none: only those of `connect` are dialled
   */
  readonly nextAddress?:
    | ((context: { readonly signal: AbortSignal }) => Promise<A | undefined> | A | undefined)
    | undefined;
  /** The next address to be tested, one at a time while all outbound places are taken. @default no tests */
  readonly nextFeeler?: ConnManagerOptions<A, C>['nextAddress'];
  /** Where others come in; asked for nobody without `onAccept`. @default none */
  readonly listeners?: readonly Listener<I>[] | undefined;
  /** Makes a connection of what came in. Not called without `listeners`. */
  readonly onAccept?: ((incoming: I, slot: InboundSlot<C>) => Promise<C> | C) | undefined;
  /** A connection is there: either kind, feelers not included. */
  readonly onConnection?: ((connection: C, request: ConnRequest<A, C>) => void) | undefined;
  /** It has gone, or is about to. `reason` is ours, `undefined` if it went by itself. */
  readonly onDisconnection?:
    | ((connection: C, request: ConnRequest<A, C>, reason: CloseReason | undefined) => void)
    | undefined;
  /**
   * The shortest wait in ms before a permanent address is dialled again, after `error` and so many attempts in a row that
   * came to nothing; `undefined` for none beyond `retryDelay`. @default none
   */
  readonly retryAfter?: ((error: unknown, retries: number) => number | undefined) | undefined;
  /** How a dial ended, feelers included: `error` is `undefined` if somebody was there. For whoever keeps addresses. */
  readonly onDialled?: ((address: A, error: unknown) => void) | undefined;
  /** The same for addresses that are the same. @default the text itself, or its JSON */
  readonly addressKey?: ((address: A) => string) | undefined;
  /** Who should be at an address, if the address says so. @default nobody knows */
  readonly identityOf?: ((address: A) => string | undefined) | undefined;
  /** Who is at the other end. @default whoever should be there */
  readonly identify?: ((connection: C) => string | undefined) | undefined;
  /** Our own identity. @default none */
  readonly ownIdentity?: string | undefined;
  /** IP of an address, 4 or 16 bytes. @default unknown: no rules for networks, bans and local addresses */
  readonly ipOf?: ((address: A) => Uint8Array | undefined) | undefined;
  /** Addresses that one operator may well have; `undefined` for no limit. @default /16 of IPv4, /32 of IPv6, local ones excepted */
  readonly networkGroup?: ((ip: Uint8Array) => string | undefined) | undefined;
  /** Asked when somebody has to go. @default nothing is known */
  readonly stats?: ((connection: C) => ConnectionStats) | undefined;
  /** Peers in all: sets `targetOutbound` to a `dialRatio`th and `maxInbound` to the rest. @default no such number */
  readonly maxPeers?: number | undefined;
  /**
   * When an inbound place is taken and, if there is none, somebody is evicted or refused: when somebody comes in, or when
   * `identify` says who it is, so that they can be told why. @default 'accept'
   */
  readonly admitOn?: 'accept' | 'identity' | undefined;
  /**
   * Of two connections that cross, whether the one that we dialled is kept: both sides have to come to the same answer.
   * @default the first that is established
   */
  readonly keepsDialled?: ((identity: string) => boolean) | undefined;
  /** The only networks to let in from and to dial, those of `connect` excepted. @default all */
  readonly netRestrict?: readonly IpRange[] | undefined;
  /** @default an empty list */
  readonly bans?: BanList | undefined;
  /** Where the addresses wait that are dialled first at the next start. @default none */
  readonly anchors?: AnchorStore<A> | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** @default the platform's generator for cryptography */
  readonly random?: RandomBytes | undefined;
}

const NUMBERS = {
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

/** What may be 0; nothing else may. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  'targetOutbound',
  'maxInbound',
  'retryJitter',
  'redialDelay',
  'inboundThrottle',
]);

/** What is counted. */
const WHOLE: ReadonlySet<string> = new Set([
  'targetOutbound',
  'maxInbound',
  'maxPending',
  'maxActiveDials',
]);

type Defaulted = 'addressKey' | 'networkGroup' | 'admitOn' | 'bans' | 'clock' | 'random';

/** How others come in. */
export type Doors<C extends Connection, I extends Incoming> = Pick<
  ConnManagerOptions<never, C, I>,
  'listeners' | 'onAccept'
>;

type AllNumbers = { readonly [K in keyof Numbers]-?: number };

/** {@link ConnManagerOptions} with nothing left open that has a default, {@link Doors} apart. */
export type Settings<A, C extends Connection> = Omit<
  ConnManagerOptions<A, C>,
  keyof Numbers | Defaulted | keyof Doors<C, Incoming>
> &
  AllNumbers & { readonly [K in Defaulted]-?: NonNullable<ConnManagerOptions<A, C>[K]> };

function numberRule(name: string): Rule {
  const least = MAY_BE_ZERO.has(name) ? 0 : WHOLE.has(name) ? 1 : Number.MIN_VALUE;
  const isWhole = WHOLE.has(name);
  const range = least === Number.MIN_VALUE ? 'above 0' : `of at least ${least}`;
  return {
    expected: `${isWhole ? 'an integer' : 'a number'} ${range}`,
    fits: (value) =>
      typeof value === 'number' &&
      value >= least &&
      (!isWhole || value === Number.POSITIVE_INFINITY || Number.isInteger(value)),
  };
}

const numberRules = Object.fromEntries(
  Object.keys(NUMBERS).map((name) => [name, numberRule(name)]),
) as Rules<Numbers>;

const rules: Rules<ConnManagerOptions<unknown, Connection>> = {
  ...numberRules,
  dial: required(func),
  nextAddress: func,
  nextFeeler: func,
  listeners: array,
  onAccept: func,
  onConnection: func,
  onDisconnection: func,
  onDialled: func,
  retryAfter: func,
  addressKey: func,
  identityOf: func,
  identify: func,
  ownIdentity: string,
  ipOf: func,
  networkGroup: func,
  stats: func,
  maxPeers: integer(0),
  admitOn: oneOf('accept', 'identity'),
  keepsDialled: func,
  netRestrict: array,
  bans: any,
  anchors: methods('take', 'save'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/** @throws ConnManagerError `invalid-option` */
export function withDefaults<A, C extends Connection, I extends Incoming>(
  options: ConnManagerOptions<A, C, I>,
): Settings<A, C> & Doors<C, I> {
  check.options<object>('createConnManager', options, rules);
  const { clock = systemClock } = options;
  const numbers: { -readonly [K in keyof AllNumbers]: number } = {
    ...NUMBERS,
    ...shares(options),
  };
  for (const name of Object.keys(numbers) as (keyof AllNumbers)[]) {
    const chosen = options[name] ?? numbers[name];
    numbers[name] = chosen;
  }
  const { retryJitter, targetOutbound } = numbers;
  if (retryJitter > 1) check.fail('retryJitter', retryJitter, 'a number of 0 to 1');
  if (targetOutbound === Number.POSITIVE_INFINITY) {
    check.fail('targetOutbound', targetOutbound, 'a finite number');
  }
  return {
    ...options,
    ...numbers,
    addressKey: options.addressKey ?? defaultKey,
    networkGroup: options.networkGroup ?? networkGroup,
    admitOn: options.admitOn ?? 'accept',
    bans: options.bans ?? createBanList({ clock }),
    clock,
    random: options.random ?? randomBytes,
  };
}

function shares({
  maxPeers,
  dialRatio = NUMBERS.dialRatio,
  targetOutbound,
}: Pick<ConnManagerOptions<never, never>, 'maxPeers' | 'dialRatio' | 'targetOutbound'>):
  | { targetOutbound: number; maxInbound: number }
  | undefined {
  if (maxPeers === undefined) return undefined;
  // One at least, or a small node never gets to know anybody.
  const share = Math.min(maxPeers, Math.max(1, Math.floor(maxPeers / dialRatio)));
  const outbound = targetOutbound ?? share;
  return { targetOutbound: outbound, maxInbound: Math.max(0, maxPeers - outbound) };
}

function defaultKey(address: unknown): string {
  return typeof address === 'string' ? address : JSON.stringify(address);
}

import { type Clock, systemClock } from '@devp2p/clock';
import { any, bytes, func, methods, type Rule, type Rules, secret } from '@devp2p/options';
import { check } from './check-options.ts';
import type { GroupMap } from './policy/group.ts';
import type { NetworkLimitOptions } from './policy/network-limits.ts';
import type { Horizons } from './policy/quality.ts';
import { isRoutable } from './policy/routable.ts';
import type { SourceLimitOptions } from './policy/source-limit.ts';
import { type RandomBytes, randomBytes } from './random.ts';
import type { Layout } from './table/bucket.ts';
import type { SignedRecord } from './table/entry.ts';

/** Settings and collaborators of the address manager. Times are in milliseconds. */
export interface AddrManOptions
  extends Partial<Layout & Horizons & NetworkLimitOptions & SourceLimitOptions> {
  /** Our own node id, which is never let in. @default none */
  readonly localId?: Uint8Array | undefined;
  /** What `snapshot()` gave. @default nothing is known yet */
  readonly snapshot?: Uint8Array | undefined;
  /** The secret that decides on buckets, 32 bytes; that of a snapshot goes before. @default random */
  readonly key?: Uint8Array | undefined;
  /** Which addresses (4 or 16 bytes) may be let in. @default those on the internet: none private, reserved or local */
  readonly isRoutable?: ((ip: Uint8Array) => boolean) | undefined;
  /** Groups addresses by operator. @default by IPv4 /16 and IPv6 /32 */
  readonly groupMap?: GroupMap | undefined;
  /**
   * Checks the signature of a record against the id. Asked only if the record is newer than what is known.
   * @default every record is taken for genuine: `add` gets only checked ones
   */
  readonly verifyRecord?: ((id: Uint8Array, record: SignedRecord) => boolean) | undefined;

  /** @default 1024, as Bitcoin Core (`ADDRMAN_NEW_BUCKET_COUNT_LOG2`) */
  readonly newBuckets?: number;
  /** @default 256, as Bitcoin Core (`ADDRMAN_TRIED_BUCKET_COUNT_LOG2`) */
  readonly triedBuckets?: number;
  /** Slots of a bucket. @default 64, as Bitcoin Core (`ADDRMAN_BUCKET_SIZE_LOG2`) */
  readonly bucketSize?: number;

  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** @default the platform's generator for cryptography */
  readonly random?: RandomBytes | undefined;
}

const DAY = 24 * 3_600_000;

type Numbers = Layout & Horizons & NetworkLimitOptions & SourceLimitOptions;

const NUMBERS: Numbers = {
  newBuckets: 1024,
  triedBuckets: 256,
  bucketSize: 64,
  horizon: 30 * DAY,
  maxAttempts: 3,
  maxFailures: 10,
  minFailureTime: 7 * DAY,
  maxPerNetwork: 10,
  maxPerIp: 4,
  sourceRate: 0.1,
  sourceBurst: 1000,
};

/** Slots of either table at most: a snapshot counts them in 32 bits, and a mistyped number should not take the memory. */
const MAX_SLOTS = 2 ** 22;

type Defaulted = keyof Numbers | 'isRoutable' | 'clock' | 'random';

/** {@link AddrManOptions} with nothing left open that has a default. */
export type Settings = Omit<AddrManOptions, Defaulted> &
  Numbers & {
    readonly isRoutable: (ip: Uint8Array) => boolean;
    readonly clock: Clock;
    readonly random: RandomBytes;
  };

/** A snapshot counts entries in 32 bits. */
function numberRule(name: string): Rule {
  const limit = name === 'horizon' || name === 'minFailureTime' ? 2 ** 48 : 2 ** 32;
  const isInteger = name !== 'sourceRate';
  return {
    expected: `a positive ${isInteger ? 'integer' : 'number'} below ${limit}`,
    fits: (value) =>
      typeof value === 'number' &&
      value > 0 &&
      value < limit &&
      (!isInteger || Number.isInteger(value)),
  };
}

/** The rules of {@link AddrManOptions}. */
export const addrManRules: Rules<AddrManOptions> = {
  ...(Object.fromEntries(
    Object.keys(NUMBERS).map((name) => [name, numberRule(name)]),
  ) as Rules<Numbers>),
  localId: bytes(64),
  snapshot: bytes(),
  key: secret(bytes(32)),
  isRoutable: func,
  groupMap: any,
  verifyRecord: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/** @throws `invalid-option` */
export function withDefaults(options: AddrManOptions): Settings {
  check.options('createAddrMan', options, addrManRules);
  const numbers: { -readonly [K in keyof Numbers]: number } = { ...NUMBERS };
  for (const name of Object.keys(NUMBERS) as (keyof Numbers)[]) {
    numbers[name] = options[name] ?? NUMBERS[name];
  }
  for (const buckets of ['newBuckets', 'triedBuckets'] as const) {
    const slots = numbers[buckets] * numbers.bucketSize;
    if (slots > MAX_SLOTS) check.fail(`${buckets} · bucketSize`, slots, `at most ${MAX_SLOTS}`);
  }
  return {
    ...options,
    ...numbers,
    isRoutable: options.isRoutable ?? isRoutable,
    clock: options.clock ?? systemClock,
    random: options.random ?? randomBytes,
  };
}

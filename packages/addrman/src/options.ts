import { type Clock, systemClock } from '@devp2p/clock';
import { isRoutable } from '@devp2p/ip';
import { any, bytes, func, methods, type Rule, type Rules, secret } from '@devp2p/options';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { check } from './check-options.ts';
import type { GroupMap } from './policy/group.ts';
import type { NetworkLimitOptions } from './policy/network-limits.ts';
import type { Horizons } from './policy/quality.ts';
import type { SourceLimitOptions } from './policy/source-limit.ts';
import type { Layout } from './table/bucket.ts';
import type { SignedRecord } from './table/entry.ts';

/** Options of the address manager. Times are in milliseconds. */
export interface AddrManOptions extends Partial<Layout & Horizons & NetworkLimitOptions & SourceLimitOptions> {
  /** Our own node id, 64 bytes, which is never added. @default none */
  readonly localId?: Uint8Array | undefined;
  /** Result of `snapshot()`, to restore. @default none: starts empty */
  readonly snapshot?: Uint8Array | undefined;
  /** Secret key of the bucket formulas, 32 bytes; the key of a snapshot takes precedence. @default random */
  readonly key?: Uint8Array | undefined;
  /**
   * Whether an address of 4 or 16 bytes may be added. @default public addresses only: not private, reserved or local
   */
  readonly isRoutable?: ((ip: Uint8Array) => boolean) | undefined;
  /** Maps addresses to their operators. @default groups by IPv4 /16 and IPv6 /32 */
  readonly groupMap?: GroupMap | undefined;
  /**
   * Verifies the signature of a record. Called only if the record is newer than the known one.
   * @default accepts every record: `add` gets only verified ones
   */
  readonly verifyRecord?: ((id: Uint8Array, record: SignedRecord) => boolean) | undefined;

  /** Buckets of the new table. @default 1024, as Bitcoin Core (`ADDRMAN_NEW_BUCKET_COUNT_LOG2`) */
  readonly newBuckets?: number;
  /** Buckets of the tried table. @default 256, as Bitcoin Core (`ADDRMAN_TRIED_BUCKET_COUNT_LOG2`) */
  readonly triedBuckets?: number;
  /** Slots per bucket. @default 64, as Bitcoin Core (`ADDRMAN_BUCKET_SIZE_LOG2`) */
  readonly bucketSize?: number;

  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** Source of random bytes. @default `crypto.getRandomValues` */
  readonly random?: RandomBytes | undefined;
}

const day = 24 * 3_600_000;

type Numbers = Layout & Horizons & NetworkLimitOptions & SourceLimitOptions;

const defaultNumbers: Numbers = {
  newBuckets: 1024,
  triedBuckets: 256,
  bucketSize: 64,
  horizon: 30 * day,
  maxAttempts: 3,
  maxFailures: 10,
  minFailureTime: 7 * day,
  maxPerNetwork: 10,
  maxPerIp: 4,
  sourceRate: 0.1,
  sourceBurst: 1000,
};

/** Most slots of a table: a snapshot stores the number in 32 bits, and a mistyped option must not exhaust memory. */
const maxSlots = 2 ** 22;

type Defaulted = keyof Numbers | 'isRoutable' | 'clock' | 'random';

/** {@link AddrManOptions} with all defaults filled in. */
export type Settings = Omit<AddrManOptions, Defaulted> &
  Numbers & {
    readonly isRoutable: (ip: Uint8Array) => boolean;
    readonly clock: Clock;
    readonly random: RandomBytes;
  };

/** Numbers are below 2³² because a snapshot stores them in 32 bits. */
function numberRule(name: string): Rule {
  const limit = name === 'horizon' || name === 'minFailureTime' ? 2 ** 48 : 2 ** 32;
  const isInteger = name !== 'sourceRate';
  return {
    expected: `a positive ${isInteger ? 'integer' : 'number'} below ${limit}`,
    fits: (value) => typeof value === 'number' && value > 0 && value < limit && (!isInteger || Number.isInteger(value)),
  };
}

/** Rules of {@link AddrManOptions} for the option checker. */
export const addrManRules: Rules<AddrManOptions> = {
  ...(Object.fromEntries(Object.keys(defaultNumbers).map((name) => [name, numberRule(name)])) as Rules<Numbers>),
  localId: bytes(64),
  snapshot: bytes(),
  key: secret(bytes(32)),
  isRoutable: func,
  groupMap: any,
  verifyRecord: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/** Checks the options and fills in the defaults. @throws AddrManError `invalid-option` */
export function withDefaults(options: AddrManOptions): Settings {
  check.options('createAddrMan', options, addrManRules);
  const numbers: { -readonly [K in keyof Numbers]: number } = { ...defaultNumbers };
  for (const name of Object.keys(defaultNumbers) as (keyof Numbers)[]) {
    numbers[name] = options[name] ?? defaultNumbers[name];
  }
  for (const buckets of ['newBuckets', 'triedBuckets'] as const) {
    const slots = numbers[buckets] * numbers.bucketSize;
    if (slots > maxSlots) check.fail(`${buckets} · bucketSize`, slots, `at most ${maxSlots}`);
  }
  return {
    ...options,
    ...numbers,
    isRoutable: options.isRoutable ?? isRoutable,
    clock: options.clock ?? systemClock,
    random: options.random ?? randomBytes,
  };
}

import type { Entry } from '../table/entry.ts';

/** When an entry is not worth keeping. Times in milliseconds; all figures are Bitcoin Core's. */
export interface Horizons {
  /** Not seen for so long. @default 2592000000, 30 days */
  readonly horizon: number;
  /** Failures of an address that was never reached. @default 3 */
  readonly maxAttempts: number;
  /** Failures of one that was reached, … @default 10 */
  readonly maxFailures: number;
  /** … but not for so long. @default 604800000, 7 days */
  readonly minFailureTime: number;
}

const MINUTE = 60_000;
/** An address that was dialled so recently is in use. */
const JUST_TRIED = MINUTE;
/** A last-seen time that is further ahead is made up. */
export const FUTURE_TOLERANCE: number = 10 * MINUTE;
/** An address that was dialled so recently is hardly ever selected. */
const RECENTLY_TRIED = 10 * MINUTE;

/**
 * How far two moments are apart. A moment that a clock set back has left in the future is as remote as it would be in
 * the past, so that no entry is stuck until the clock gets there again.
 */
export function distance(a: number, b: number): number {
  return Math.abs(a - b);
}

/** Whether an entry may be overwritten by any other, and is kept from others. */
export function isTerrible(entry: Entry, now: number, horizons: Horizons): boolean {
  if (distance(now, entry.lastTry) <= JUST_TRIED) return false;
  if (entry.lastSeen > now + FUTURE_TOLERANCE) return true;
  if (now - entry.lastSeen > horizons.horizon) return true;
  if (entry.lastSuccess === 0 && entry.attempts >= horizons.maxAttempts) return true;
  return (
    now - entry.lastSuccess > horizons.minFailureTime && entry.attempts >= horizons.maxFailures
  );
}

/** The probability, of at most 1, with which an entry that was drawn is taken. */
export function chance(entry: Entry, now: number): number {
  const base = distance(now, entry.lastTry) < RECENTLY_TRIED ? 0.01 : 1;
  return base * 0.66 ** Math.min(entry.attempts, 8);
}

import type { Entry } from '../table/entry.ts';

/** Thresholds from which an entry is not worth keeping. Times in milliseconds; all figures are Bitcoin Core's. */
export interface Horizons {
  /** Longest time since the entry was last seen. @default 2592000000, 30 days */
  readonly horizon: number;
  /** Failures of an address that was never reached. @default 3 */
  readonly maxAttempts: number;
  /** Failures of an address that was reached before, if the last success is older than `minFailureTime`. @default 10 */
  readonly maxFailures: number;
  /** Time since the last success, see `maxFailures`. @default 604800000, 7 days */
  readonly minFailureTime: number;
}

const minute = 60_000;
/** An address dialed within this time may be in use. */
const justTried = minute;
/** A `lastSeen` time further in the future is invalid. */
export const futureTolerance: number = 10 * minute;
/** An address dialed within this time is selected with 1 % of its probability. */
const recentlyTried = 10 * minute;

/**
 * Returns the distance between two times. A time that is in the future after a clock was set back counts as equally far
 * in the past, so that no entry is stuck until the clock reaches it.
 */
export function distance(a: number, b: number): number {
  return Math.abs(a - b);
}

/** Whether an entry is not worth keeping: any other may overwrite it, and it is not part of samples. */
export function isTerrible(entry: Entry, now: number, horizons: Horizons): boolean {
  if (distance(now, entry.lastTry) <= justTried) return false;
  if (entry.lastSeen > now + futureTolerance) return true;
  if (now - entry.lastSeen > horizons.horizon) return true;
  if (entry.lastSuccess === 0 && entry.attempts >= horizons.maxAttempts) return true;
  return now - entry.lastSuccess > horizons.minFailureTime && entry.attempts >= horizons.maxFailures;
}

/** Returns the probability with which a drawn entry is selected, at most 1. */
export function selectionChance(entry: Entry, now: number): number {
  const base = distance(now, entry.lastTry) < recentlyTried ? 0.01 : 1;
  return base * 0.66 ** Math.min(entry.attempts, 8);
}

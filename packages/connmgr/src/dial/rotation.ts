import type { RandomSource } from '@devp2p/random';

/** Shortest and longest time between two rotations, in ms. */
const interval = { min: 180_000, max: 420_000 };

/** Least age of a connection to be rotated, in ms. */
const minAge = 600_000;

/** Input of {@link chooseRotation}. */
export interface RotationCandidate {
  /** Time since it was connected, in ms. */
  readonly age: number;
  /** A higher number is more useful. */
  readonly usefulness: number;
  /** The connection is never rotated. */
  readonly isExempt: boolean;
}

/** Returns the time to the next rotation in ms: 3 to 7 minutes, as go-ethereum's `dropper`. */
export function rotationDelay(random: RandomSource): number {
  return interval.min + random.fraction() * (interval.max - interval.min);
}

/**
 * Chooses the connection that a new address replaces: a random one of those older than ten minutes and not among the
 * most useful tenth, where a longer uptime counts as more useful at equal usefulness. Returns `undefined` without such
 * a connection.
 */
export function chooseRotation<T extends RotationCandidate>(
  candidates: readonly T[],
  random: RandomSource,
): T | undefined {
  const ranked = candidates.toSorted((a, b) => b.usefulness - a.usefulness || b.age - a.age);
  const others = ranked.slice(Math.ceil(ranked.length / 10));
  return random.pick(others.filter(({ age, isExempt }) => age > minAge && !isExempt));
}

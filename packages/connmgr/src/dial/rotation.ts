import { fraction, pick, type RandomBytes } from '../random.ts';

/** Shortest and longest time between two rotations, in ms. */
const INTERVAL = { min: 180_000, max: 420_000 };

/** Nobody younger is dropped, in ms. */
const MIN_AGE = 600_000;

/** What rotation looks at. */
export interface RotationCandidate {
  /** How long it has been connected, in ms. */
  readonly age: number;
  /** The more, the better. */
  readonly usefulness: number;
  /** Never dropped. */
  readonly isExempt: boolean;
}

/** Time to the next rotation, in ms: 3 to 7 minutes, as go-ethereum's `dropper`. */
export function rotationDelay(random: RandomBytes): number {
  return INTERVAL.min + fraction(random) * (INTERVAL.max - INTERVAL.min);
}

/**
 * Who gives way to an address that we do not know yet, if anybody does: one of those that are older than ten minutes and
 * not among the most useful tenth, of equals the oldest.
 */
export function chooseRotation<T extends RotationCandidate>(
  candidates: readonly T[],
  random: RandomBytes,
): T | undefined {
  const ranked = candidates.toSorted((a, b) => b.usefulness - a.usefulness || b.age - a.age);
  const others = ranked.slice(Math.ceil(ranked.length / 10));
  return pick(
    others.filter(({ age, isExempt }) => age > MIN_AGE && !isExempt),
    random,
  );
}

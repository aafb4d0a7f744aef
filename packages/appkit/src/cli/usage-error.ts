import { nearestName } from '@devp2p/options';

/** Wrong usage of a program: one line on standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Returns a hint for an unknown word: the most similar candidate, or `otherwise`. */
export function didYouMean(word: string, candidates: Iterable<string>, otherwise: string): string {
  const nearest = nearestName(word, candidates);
  return nearest === undefined ? otherwise : `did you mean ${nearest}?`;
}

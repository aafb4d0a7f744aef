import { nearestName } from '@devp2p/options';

/** Wrong use of the program: one line for standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A hint for a word that is not known. */
export function didYouMean(word: string, candidates: Iterable<string>, otherwise: string): string {
  const meant = nearestName(word, candidates);
  return meant === undefined ? otherwise : `did you mean ${meant}?`;
}

/** Wrong use of the program: one line for standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A hint for a word that is not known: the candidate that is nearest to it, if one is near enough. */
export function didYouMean(word: string, candidates: Iterable<string>, otherwise: string): string {
  let best: string | undefined;
  // Of one letter nothing can be said.
  const letters = word.replaceAll(/\W/g, '').length;
  let bestDistance = Math.min(letters - 1, Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best === undefined ? otherwise : `did you mean ${best}?`;
}

/** Levenshtein: letters to be put in, taken out or replaced. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

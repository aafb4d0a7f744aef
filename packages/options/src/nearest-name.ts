/** Compared characters of a word, which bounds the time. */
const maxLength = 100;

/**
 * Returns the most likely correction of a misspelt word: the name with the smallest edit distance, if that is at most 2 or
 * a third of the length of the word. Upper and lower case are different letters.
 *
 * @returns `undefined` if no name is near enough
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  const typed = word.slice(0, maxLength);
  // A word of one letter is near to every name.
  const letters = typed.replaceAll(/\W/g, '').length;
  let bestDistance = Math.min(letters - 1, Math.max(2, Math.floor(typed.length / 3))) + 1;
  for (const name of names) {
    const distance = editDistance(typed, name);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** Levenshtein distance: letters to insert, delete or replace. */
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

/**
 * Divides a limit among accounts with more transactions than each is guaranteed: those with the most lose some until they
 * have equally many, and so on, until the limit holds (TP-12).
 *
 * @param counts of the transactions of each account
 * @param limit for their sum
 * @param guaranteed of each account
 * @returns the number that each account keeps
 */
export function fairShares(counts: readonly number[], limit: number, guaranteed: number): readonly number[] {
  let excess = counts.reduce((sum, count) => sum + count, 0) - limit;
  if (excess <= 0) return counts;
  const order = counts.map((_, at) => at).filter((at) => (counts[at] as number) > guaranteed);
  order.sort((a, b) => (counts[b] as number) - (counts[a] as number));
  const shares = [...counts];
  // The first `length` accounts of the order are reduced to the count of the next one, or as far as it takes.
  for (let length = 1; length <= order.length && excess > 0; length++) {
    const level = counts[order[length - 1] as number] as number;
    const next = length < order.length ? (counts[order[length] as number] as number) : guaranteed;
    const each = Math.min(level - next, Math.floor(excess / length));
    const isLast = each < level - next;
    const rest = isLast ? excess - each * length : 0;
    for (let i = 0; i < length; i++) shares[order[i] as number] = level - each - (i < rest ? 1 : 0);
    excess -= each * length + rest;
  }
  return shares;
}

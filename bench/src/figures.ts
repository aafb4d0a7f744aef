import type { Goal, Implementation } from './catalogue.ts';
import type { Figures } from './rounds.ts';

export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Our figures divided by theirs within each round, since a slow phase of the machine affects both. */
export function ratio(figures: Figures, ours: Implementation, theirs: Implementation): Ratio | undefined {
  const [mine, others] = [figures.get(ours), figures.get(theirs)];
  if (mine === undefined || others === undefined) return undefined;
  return ratioOfRounds(mine, others);
}

/** Figures divided by other ones, round by round. */
export function ratioOfRounds(figures: readonly number[], others: readonly number[]): Ratio {
  const ratios = figures.map((figure, round) => figure / (others[round] ?? Number.NaN));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** Whether a goal is reached; `undefined` without a goal or without figures. */
export function reached({ atLeast }: Goal, ratio: Ratio | undefined): boolean | undefined {
  return atLeast === undefined || ratio === undefined ? undefined : ratio.median >= atLeast;
}

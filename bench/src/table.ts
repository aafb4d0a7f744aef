import type { Case, Group, Implementation } from './catalogue.ts';
import { median, ratio, reached } from './figures.ts';
import { type Figures, implementationsOf } from './rounds.ts';

/** Returns one group as a Markdown table: figures per CPU-second, and ratios of ours to the others. */
export function table(group: Group, results: ReadonlyMap<Case, Figures>): string {
  const columns = implementationsOf(group).filter((column) =>
    group.cases.some((item) => results.get(item)?.has(column)),
  );
  const [ours] = columns;
  if (ours === undefined) return '';
  const compared = columns.filter((column) =>
    group.cases.some(({ goals }) => goals.some(({ than }) => than === column)),
  );
  const rows = group.cases.flatMap((item) => {
    const figures = results.get(item);
    if (figures === undefined) return [];
    const values = columns.map((column) => value(figures.get(column), item));
    const ratios = compared.map((column) => comparison(item, figures, ours, column));
    return [[item.title, item.unit.name, ...values, ...ratios]];
  });
  const head = [
    group.title,
    'unit',
    ...columns.map((column) => group.columns[column] ?? column),
    ...compared.map((column) => `ours ÷ ${group.columns[column]}`),
  ];
  return markdown(head, rows);
}

/** Returns a Markdown table whose columns are numbers from the third on. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index < 2 ? ':--' : '--:'));
  const lines = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return ['', ...lines].join('\n');
}

function value(rounds: readonly number[] | undefined, { unit }: Case): string {
  return rounds === undefined ? '' : short(median(rounds) / unit.counts);
}

/** `18.4 (17.9–19.0) ✓ ≥ 18` */
function comparison({ goals }: Case, figures: Figures, ours: Implementation, theirs: Implementation): string {
  const goal = goals.find(({ than }) => than === theirs);
  const found = ratio(figures, ours, theirs);
  if (goal === undefined || found === undefined) return '';
  const shown = `**${short(found.median)}** (${short(found.min)}–${short(found.max)})`;
  const done = reached(goal, found);
  return done === undefined ? shown : `${shown} ${done ? '✓' : '✗'} ≥ ${goal.atLeast}`;
}

/** Formats a number with three digits, or as an integer from 100 on. */
export function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value < 1 ? 2 : 3);
}

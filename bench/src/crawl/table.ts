import { markdown, short } from '../table.ts';
import { type CrawlCase, type CrawlResult, crawlGoal } from './crawl.ts';

const head = [
  ...['Crawl of a network', 'by', 'live', 'found', 'all steps done', 'wrong'],
  ...[`seconds to ${percent(crawlGoal.share)}`, 'nodes/s until then, or overall', 'seconds overall'],
  'found per CPU-second',
];

/** Returns the crawls as a table by wall-clock time: a crawler waits most of the time. */
export function crawlTable(results: ReadonlyMap<CrawlCase, readonly CrawlResult[]>): string {
  const rows = [...results].flatMap(([{ title }, crawls]) =>
    // The first is ours, to which the goals refer; the other one has no steps.
    crawls.map((result, index) => row(title, result, index === 0)),
  );
  return markdown(head, rows);
}

function row(title: string, result: CrawlResult, isOurs: boolean): string[] {
  const { crawler, live, found, complete, wrong, seconds, secondsToGoal, cpuSeconds } = result;
  const rate = secondsToGoal ? (crawlGoal.share * live) / secondsToGoal : found / seconds;
  const steps = withGoal(complete / live, crawlGoal.share, percent);
  return [
    ...[title, crawler, `${live}`, percent(found / live), isOurs ? steps : '', `${wrong}`],
    secondsToGoal ? short(secondsToGoal) : '',
    isOurs ? withGoal(rate, crawlGoal.perSecond, short) : short(rate),
    ...[short(seconds), short(found / cpuSeconds)],
  ];
}

function withGoal(value: number, min: number, show: (value: number) => string): string {
  return `**${show(value)}** ${value >= min ? '✓' : '✗'} ≥ ${show(min)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

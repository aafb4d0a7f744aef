import { markdown, short } from '../table.ts';
import { type CrawlCase, type CrawlResult, crawlGoal } from './crawl.ts';

const head = [
  ...['Crawl of a network', 'by', 'live', 'found', 'all steps done', 'wrong'],
  ...[`seconds to ${percent(crawlGoal.share)}`, 'nodes/s until then, or in all', 'seconds in all'],
  'found per CPU-second',
];

/** Crawls as a table, against the clock on the wall: who crawls waits most of the time. */
export function crawlTable(results: ReadonlyMap<CrawlCase, readonly CrawlResult[]>): string {
  const rows = [...results].flatMap(([{ title }, crawls]) =>
    // The first is ours, which the goals speak of; the other one knows no steps.
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

function withGoal(value: number, least: number, show: (value: number) => string): string {
  return `**${show(value)}** ${value >= least ? '✓' : '✗'} ≥ ${show(least)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

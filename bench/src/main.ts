import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { type Case, catalogue, type Group } from './catalogue.ts';
import { type CrawlCase, type CrawlResult, crawlCases, runCrawl } from './crawl/crawl.ts';
import { crawlTable } from './crawl/table.ts';
import { writeFixtures } from './fixtures/files.ts';
import { goPrograms } from './go.ts';
import { describeMachine, findCores } from './machine.ts';
import { type Figures, implementationsOf, runCase } from './rounds.ts';
import { table } from './table.ts';
import { Workforce } from './workforce.ts';

const bench = fileURLToPath(new URL('..', import.meta.url));

try {
  const args = parseArguments(process.argv.slice(2));
  if (args.help) console.log(usage);
  else await main(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError || error instanceof RangeError) console.error(usage);
  process.exitCode = 1;
}

async function main({ cases, rounds, slice, json }: Arguments): Promise<void> {
  const { groups, crawls } = chosen(cases);
  const folder = join(bench, 'bin', 'fixtures');
  writeFixtures(folder);
  const go = goPrograms(bench, progress);
  const cores = findCores();
  const workforce = new Workforce({ folder, go, cores });
  const results = new Map<Case, Figures>();
  const crawled = new Map<CrawlCase, CrawlResult[]>();
  try {
    for (const group of groups) {
      for (const item of group.cases) {
        progress(`${item.name}: ${item.title}`);
        const workers = await workforce.hire(implementationsOf(group));
        results.set(item, await runCase(workers, item, { rounds, slice }));
        if (group.keepWorkers !== true) await workforce.dismiss();
      }
      await workforce.dismiss();
    }
    for (const item of crawls) {
      progress(`${item.name}: ${item.title}`);
      crawled.set(item, await runCrawl(item, go, cores));
    }
  } finally {
    await workforce.dismiss();
  }
  const pinned = cores === undefined ? 'not pinned: no taskset here' : `on core ${cores.measured}`;
  console.log(`${describeMachine()}, what is measured ${pinned}.`);
  if (groups.length > 0) {
    console.log(`Medians of ${rounds} slices of ${slice} ms, per CPU-second;`);
    console.log('of ratios the median of the rounds, with the least and the most.');
  }
  if (go === undefined) console.log('There is no Go here: go-ethereum is left out.');
  for (const group of groups) console.log(table(group, results));
  if (crawled.size > 0) console.log(crawlTable(crawled));
  if (json === undefined) return;
  const figures = [
    ...asJson(results),
    ...[...crawled].map(([item, crawls]) => ({ ...item, crawls })),
  ];
  writeFileSync(json, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** What was asked for: groups with some of their cases, and crawls. */
function chosen(names: readonly string[]): { groups: Group[]; crawls: CrawlCase[] } {
  const wanted = ({ name }: { readonly name: string }) =>
    names.length === 0 || names.some((prefix) => `${name}-`.startsWith(`${prefix}-`));
  const groups = catalogue
    .map((group) => ({ ...group, cases: group.cases.filter(wanted) }))
    .filter((group) => group.cases.length > 0);
  const crawls = crawlCases.filter(wanted);
  if (groups.length + crawls.length > 0) return { groups, crawls };
  const known = [...catalogue.flatMap(({ cases }) => cases), ...crawlCases];
  const list = known.map(({ name }) => name).join(', ');
  throw new RangeError(`no case begins with ${names.join(' or ')}; there are ${list}`);
}

function asJson(results: ReadonlyMap<Case, Figures>): object[] {
  return [...results].map(([{ name, title, unit }, figures]) => ({
    name,
    title,
    unit: unit.name,
    perCpuSecond: Object.fromEntries(
      [...figures].map(([who, rounds]) => [who, rounds.map((figure) => figure / unit.counts)]),
    ),
  }));
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

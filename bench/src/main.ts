import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { againstTable, type Comparison, compareBuilds, tooSlow } from './against.ts';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { type Case, catalogue, type Group } from './catalogue.ts';
import { type CrawlCase, type CrawlResult, crawlCases, runCrawl } from './crawl/crawl.ts';
import { crawlTable } from './crawl/table.ts';
import { writeFixtures } from './fixtures/files.ts';
import { goPrograms } from './go.ts';
import { type Cores, describeMachine, findCores } from './machine.ts';
import { type Figures, implementationsOf, runCase } from './rounds.ts';
import type { Figure, Scenario, ScenarioContext } from './scenarios/scenario.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { scenarioTable } from './scenarios/table.ts';
import { table } from './table.ts';
import { buildCommit, currentCommit, findCommit } from './work-tree.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

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

async function main(args: Arguments): Promise<void> {
  const selection = chosen(args.cases);
  const { groups } = selection;
  if (args.against !== undefined) {
    findCommit(bench, args.against);
    if (groups.length === 0) throw new RangeError('only cases of the groups can be compared with --against');
  }
  const fixtures = join(bench, 'bin', 'fixtures');
  writeFixtures(fixtures);
  const go = goPrograms(bench, progress);
  const cores = findCores();
  const pool: WorkerPoolOptions = { bench, fixtures, go, cores };
  if (args.against === undefined) await compareWithOthers(selection, pool, args);
  else await compareWithCommit(groups, args.against, pool, args);
}

async function compareWithOthers(
  { groups, crawls, scenarios: programs }: Selection,
  options: WorkerPoolOptions,
  { rounds, slice, json }: Arguments,
): Promise<void> {
  const { go, cores } = options;
  const pool = new WorkerPool(options);
  const results = new Map<Case, Figures>();
  const crawled = new Map<CrawlCase, CrawlResult[]>();
  const measured = new Map<Scenario, readonly Figure[]>();
  try {
    for (const group of groups) {
      for (const item of group.cases) {
        progress(`${item.name}: ${item.title}`);
        const workers = await pool.start(implementationsOf(group));
        results.set(item, await runCase(workers, item, { rounds, slice }));
        if (group.keepWorkers !== true) await pool.stop();
      }
      await pool.stop();
    }
    for (const item of crawls) {
      progress(`${item.name}: ${item.title}`);
      crawled.set(item, await runCrawl(item, go, cores));
    }
    if (go !== undefined) await runScenarios(programs, { go, cores, progress }, measured);
  } finally {
    await pool.stop();
  }
  console.log(`${describeMachine()}, ${describePinning(cores)}.`);
  if (groups.length > 0) {
    console.log(`Medians of ${rounds} slices of ${slice} ms, per CPU-second;`);
    console.log('of ratios the median of the rounds, with the lowest and the highest.');
  }
  if (go === undefined) console.log('Go is not installed: without go-ethereum.');
  for (const group of groups) console.log(table(group, results));
  if (crawled.size > 0) console.log(crawlTable(crawled));
  if (measured.size > 0) console.log(scenarioTable(measured));
  if (json === undefined) return;
  writeJson(json, [
    ...asJson(results),
    ...[...crawled].map(([item, crawls]) => ({ ...item, crawls })),
    ...[...measured].map(([{ name, title }, figures]) => ({ name, title, figures })),
  ]);
}

async function runScenarios(
  programs: readonly Scenario[],
  context: ScenarioContext,
  measured: Map<Scenario, readonly Figure[]>,
): Promise<void> {
  for (const item of programs) {
    progress(`${item.name}: ${item.title}`);
    measured.set(item, await item.run(context));
  }
}

async function compareWithCommit(
  groups: readonly Group[],
  ref: string,
  options: WorkerPoolOptions,
  { rounds, slice, atLeast, json }: Arguments,
): Promise<void> {
  const tree = await buildCommit(bench, ref, progress);
  const { commit, isChanged } = currentCommit(bench);
  let comparisons: Comparison[];
  try {
    const otherBench = join(tree.folder, 'bench');
    comparisons = await compareBuilds(groups, { options, otherBench, progress, rounds, slice });
  } finally {
    tree.remove();
  }
  console.log(`${describeMachine()}, ${describePinning(options.cores)}.`);
  console.log(`This is ${commit}${isChanged ? ' with uncommitted changes' : ''}.`);
  console.log(`Medians of ${rounds} rounds, per CPU-second, with the lowest and the highest ratio.`);
  console.log(againstTable(comparisons, tree.commit, atLeast));
  if (json !== undefined) {
    const rows = comparisons.map(({ item: { name }, ...figures }) => ({ name, ...figures }));
    writeJson(json, rows);
  }
  if (comparisons.length === 0) throw new RangeError(`${tree.commit} has none of these cases`);
  const slow = tooSlow(comparisons, atLeast);
  if (slow.length === 0) return;
  const names = slow.map(({ item, implementation }) => `${item.name} (${implementation})`);
  console.error(`below ${atLeast}: ${names.join(', ')}`);
  process.exitCode = 1;
}

function describePinning(cores: Cores | undefined): string {
  return cores === undefined ? 'workers not pinned: taskset is missing' : `workers on core ${cores.measured}`;
}

function writeJson(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

interface Selection {
  readonly groups: readonly Group[];
  readonly crawls: readonly CrawlCase[];
  readonly scenarios: readonly Scenario[];
}

/** What the names select; everything without names. */
function chosen(names: readonly string[]): Selection {
  const wanted = ({ name }: { readonly name: string }) =>
    names.length === 0 || names.some((prefix) => `${name}-`.startsWith(`${prefix}-`));
  const groups = catalogue
    .map((group) => ({ ...group, cases: group.cases.filter(wanted) }))
    .filter((group) => group.cases.length > 0);
  const crawls = crawlCases.filter(wanted);
  const programs = scenarios.filter(wanted);
  if (groups.length + crawls.length + programs.length > 0) return { groups, crawls, scenarios: programs };
  const known = [...catalogue.flatMap(({ cases }) => cases), ...crawlCases, ...scenarios];
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

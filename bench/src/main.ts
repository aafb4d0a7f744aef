import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { type Case, catalogue, type Group } from './catalogue.ts';
import { writeFixtures } from './fixtures/files.ts';
import { goPrograms } from './go.ts';
import { describeMachine, findCores } from './machine.ts';
import { type Figures, implementationsOf, runCase } from './rounds.ts';
import { table } from './table.ts';
import { Workforce } from './workforce.ts';

const bench = fileURLToPath(new URL('..', import.meta.url));

try {
  await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError || error instanceof RangeError) console.error(usage);
  process.exitCode = 1;
}

async function main({ cases, rounds, slice, json }: Arguments): Promise<void> {
  const groups = chosen(cases);
  const folder = join(bench, 'bin', 'fixtures');
  writeFixtures(folder);
  const go = goPrograms(bench, progress);
  const cores = findCores();
  const workforce = new Workforce({ folder, go, cores });
  const results = new Map<Case, Figures>();
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
  } finally {
    await workforce.dismiss();
  }
  const pinned = cores === undefined ? 'not pinned: no taskset here' : `on core ${cores.measured}`;
  console.log(`${describeMachine()}; medians of ${rounds} slices of ${slice} ms, ${pinned}.`);
  console.log('Per CPU-second; of ratios the median of the rounds, with the least and the most.');
  if (go === undefined) console.log('There is no Go here: go-ethereum is left out.');
  for (const group of groups) console.log(table(group, results));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(asJson(results), undefined, 2)}\n`);
}

/** The groups with those of their cases that were asked for. */
function chosen(names: readonly string[]): Group[] {
  const wanted = ({ name }: Case) =>
    names.length === 0 || names.some((prefix) => `${name}-`.startsWith(`${prefix}-`));
  const groups = catalogue
    .map((group) => ({ ...group, cases: group.cases.filter(wanted) }))
    .filter((group) => group.cases.length > 0);
  if (groups.length > 0) return groups;
  const known = catalogue.flatMap((group) => group.cases.map(({ name }) => name));
  throw new RangeError(`no case begins with ${names.join(' or ')}; there are ${known.join(', ')}`);
}

function asJson(results: ReadonlyMap<Case, Figures>): unknown {
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

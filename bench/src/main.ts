import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { type Case, catalogue, type Group, type Implementation } from './catalogue.ts';
import { writeFixtures } from './fixtures/files.ts';
import { buildGo } from './go.ts';
import { allowedCores, describeMachine, pinTo } from './machine.ts';
import { type Figures, implementationsOf, runCase } from './rounds.ts';
import { table } from './table.ts';
import type { Worker } from './worker.ts';
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
  const go = buildGo(bench, progress);
  const pin = pinTo(allowedCores().at(-1));
  const workforce = new Workforce({ folder, go, pin: pin.command });
  const results = new Map<Case, Figures>();
  const missing = new Set<Implementation>();
  try {
    for (const group of groups) {
      const workers = new Map<Implementation, Worker>();
      for (const implementation of implementationsOf(group)) {
        const worker = await workforce.find(implementation);
        if (worker === undefined) missing.add(implementation);
        else workers.set(implementation, worker);
      }
      for (const item of group.cases) {
        progress(`${item.name}: ${item.title}`);
        results.set(item, await runCase(workers, item, { rounds, slice }));
      }
    }
  } finally {
    await workforce.stop();
  }
  const pinned = pin.core === undefined ? 'not pinned: no taskset here' : `on core ${pin.core}`;
  console.log(`${describeMachine()}; medians of ${rounds} slices of ${slice} ms, ${pinned}.`);
  console.log('Per CPU-second; of ratios the median of the rounds, with the least and the most.');
  if (go === undefined) console.log('There is no Go here: go-ethereum is left out.');
  for (const group of groups) {
    console.log(`\n${table(group, results, (implementation) => !missing.has(implementation))}`);
  }
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

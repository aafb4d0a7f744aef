import type { Case, Group, Implementation } from './catalogue.ts';
import { median, type Ratio, ratioOfRounds } from './figures.ts';
import { runPair, type Schedule } from './rounds.ts';
import { markdown, short } from './table.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

/** The implementations that are built from this repository. */
const own: readonly Implementation[] = ['fast', 'noble', 'node', 'import'];

/** One case of one implementation, measured in two builds. */
export interface Comparison {
  readonly item: Case;
  readonly implementation: Implementation;
  /** Figures of this build, one for each round, in counts per CPU-second. */
  readonly here: readonly number[];
  /** Figures of the other build. */
  readonly there: readonly number[];
}

/** The two builds to compare, and how. */
export interface CompareOptions extends Schedule {
  readonly options: WorkerPoolOptions;
  /** The workspace `bench` of the other build. */
  readonly otherBench: string;
  readonly progress: (line: string) => void;
}

/**
 * Measures the cases of our implementations in this build and another one, slice by slice in turn. Both have new
 * processes in each round, since what V8 compiles differs from process to process.
 *
 * @param groups the cases
 * @returns a comparison for each case and each of its implementations that runs in both builds
 */
export async function compareBuilds(
  groups: readonly Group[],
  { options, otherBench, progress, rounds, slice }: CompareOptions,
): Promise<Comparison[]> {
  const pools = [new WorkerPool(options), new WorkerPool({ ...options, bench: otherBench })] as const;
  const stop = () => Promise.all(pools.map((pool) => pool.stop()));
  const comparisons: Comparison[] = [];
  try {
    for (const { columns, cases, keepWorkers = false } of groups) {
      const implementations = own.filter((implementation) => columns[implementation] !== undefined);
      for (const item of cases) {
        for (const implementation of implementations) {
          progress(`${item.name} (${implementation}): ${item.title}`);
          const here: number[] = [];
          const there: number[] = [];
          for (let round = 0; round < rounds; round++) {
            if (!keepWorkers) await stop();
            const workers = await Promise.all(pools.map((pool) => pool.start([implementation])));
            const [ours, others] = workers.map((started) => started.get(implementation));
            if (!ours?.cases.has(item.name) || !others?.cases.has(item.name)) {
              progress(`${item.name} (${implementation}): left out, since one of the builds cannot run it`);
              break;
            }
            const isOursFirst = round % 2 === 0;
            const [first, second] = await runPair(isOursFirst ? [ours, others] : [others, ours], item, slice);
            here.push(isOursFirst ? first : second);
            there.push(isOursFirst ? second : first);
          }
          if (here.length > 0) comparisons.push({ item, implementation, here, there });
        }
      }
      await stop();
    }
  } finally {
    await stop();
  }
  return comparisons;
}

/** This build's figures divided by the other build's. */
function ratioOf({ here, there }: Comparison): Ratio {
  return ratioOfRounds(here, there);
}

/** A Markdown table of comparisons, with a mark at each ratio below the limit. */
export function againstTable(comparisons: readonly Comparison[], commit: string, atLeast: number): string {
  const rows = comparisons.map((comparison) => {
    const { item, implementation, here, there } = comparison;
    const { name, unit } = item;
    const { median: middle, min, max } = ratioOf(comparison);
    const figure = (rounds: readonly number[]) => short(median(rounds) / unit.counts);
    const shown = `**${middle.toFixed(3)}** (${min.toFixed(3)}–${max.toFixed(3)})`;
    const mark = middle < atLeast ? ` ✗ < ${atLeast}` : '';
    return [`${name} (${implementation})`, unit.name, figure(here), figure(there), shown + mark];
  });
  return markdown(['case', 'unit', 'this', commit, `this ÷ ${commit}`], rows);
}

/** The comparisons whose median ratio is below the limit. */
export function tooSlow(comparisons: readonly Comparison[], atLeast: number): Comparison[] {
  return comparisons.filter((comparison) => ratioOf(comparison).median < atLeast);
}

import type { Case, Group, Implementation } from './catalogue.ts';
import type { Worker } from './worker.ts';

/** The figure of each implementation in each round, in counts of the workers per CPU-second. */
export type Figures = ReadonlyMap<Implementation, readonly number[]>;

export interface Schedule {
  readonly rounds: number;
  /** Length of a slice in ms. */
  readonly slice: number;
}

/** Measures one case slice by slice in turn; each worker is the first of a round equally often. */
export async function runCase(
  workers: ReadonlyMap<Implementation, Worker>,
  { name, warmUp = 1000, maxRounds = Number.POSITIVE_INFINITY }: Case,
  { rounds, slice }: Schedule,
): Promise<Figures> {
  const taking = [...workers].filter(([, worker]) => worker.cases.has(name));
  const figures = new Map(taking.map(([implementation]) => [implementation, [] as number[]]));
  // Compilers and caches warm up in slices that are not counted.
  if (warmUp > 0) for (const [, worker] of taking) await worker.run(name, warmUp);
  for (let round = 0; round < Math.min(rounds, maxRounds); round++) {
    for (let turn = 0; turn < taking.length; turn++) {
      const [implementation, worker] = taking[(round + turn) % taking.length] as (typeof taking)[0];
      figures.get(implementation)?.push(await worker.run(name, slice));
    }
  }
  return figures;
}

/** Slices of each worker in {@link runPair}; one where a slice has its own warm-up. */
const slicesOfPair = 4;

/**
 * Measures one case in two workers, slice by slice in the order first, second, second, first.
 *
 * @returns the mean of each worker, in counts per CPU-second
 */
export async function runPair(
  workers: readonly [Worker, Worker],
  { name, warmUp = 1000 }: Case,
  slice: number,
): Promise<[number, number]> {
  if (warmUp > 0) for (const worker of workers) await worker.run(name, warmUp);
  const sums: [number, number] = [0, 0];
  const slices = warmUp > 0 ? slicesOfPair : 1;
  for (let n = 0; n < slices; n++) {
    for (const index of n % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      sums[index] += await workers[index].run(name, slice);
    }
  }
  return [sums[0] / slices, sums[1] / slices];
}

/** The columns of a group, in order. */
export function implementationsOf({ columns }: Group): Implementation[] {
  return Object.keys(columns) as Implementation[];
}

import type { Case, Group, Implementation } from './catalogue.ts';
import type { Worker } from './worker.ts';

/** What each implementation did per CPU-second, round by round, in counts of the workers. */
export type Figures = ReadonlyMap<Implementation, readonly number[]>;

export interface Schedule {
  readonly rounds: number;
  /** Of a slice, in ms. */
  readonly slice: number;
}

/** Lets the workers take turns on one case; each begins a round as often as any other. */
export async function runCase(
  workers: ReadonlyMap<Implementation, Worker>,
  { name, warmUp = 1000 }: Case,
  { rounds, slice }: Schedule,
): Promise<Figures> {
  const taking = [...workers].filter(([, worker]) => worker.cases.has(name));
  const figures = new Map(taking.map(([implementation]) => [implementation, [] as number[]]));
  // Compilers and caches warm up in slices that do not count.
  for (const [, worker] of taking) await worker.run(name, warmUp);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < taking.length; turn++) {
      const [implementation, worker] = taking[(round + turn) % taking.length] as (typeof taking)[0];
      figures.get(implementation)?.push(await worker.run(name, slice));
    }
  }
  return figures;
}

/** A group's columns in order. */
export function implementationsOf({ columns }: Group): Implementation[] {
  return Object.keys(columns) as Implementation[];
}

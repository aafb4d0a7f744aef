/** Times in ms until a share of the honest nodes had a transaction; `Infinity` if they never had it. */
export interface SpreadTimes {
  readonly half: number;
  readonly most: number;
  readonly all: number;
}

/** Times until 50, 95 and 100 % of the nodes had a transaction. @param times of its arrival at each of them */
export function spreadTimes(times: Iterable<number>): SpreadTimes {
  const sorted = Float64Array.from(times).sort();
  return { half: quantile(sorted, 0.5), most: quantile(sorted, 0.95), all: quantile(sorted, 1) };
}

/** @param sorted in ascending order */
function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: Iterable<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** Width of a step of a {@link Curve} in ms, and the number of steps. */
const step = 10;
const steps = 200;

/** Share of the honest nodes that have a transaction, as it rises with time, over all transactions. */
export class Curve {
  readonly #counts = new Float64Array(steps + 1);
  #total = 0;

  add(time: number): void {
    this.#total++;
    const at = Math.ceil(time / step);
    if (at <= steps) this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Times in ms with shares from 0 to 1. */
  points(): (readonly [time: number, share: number])[] {
    let sum = 0;
    return Array.from(this.#counts, (count, i) => {
      sum += count;
      return [i * step, sum / Math.max(1, this.#total)] as const;
    });
  }
}

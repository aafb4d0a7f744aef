import type { PlainEntry } from './plain-entry.ts';
import { PriceHeap } from './price-heap.ts';

/** Ratio of the two parts (go-ethereum, `urgentRatio`). */
const urgentRatio = 4;

/**
 * The order in which a full pool drops transactions (TP-11). A transaction is in one of two parts, 4 : 1 in size. The
 * urgent part is ordered by the tip at the next base fee; its cheapest ones move to the floating part, which is ordered
 * by fee, so that the base fee may rise and fall again without a loss of what pays later.
 *
 * Removed transactions stay in the heaps until they come up, or until they are a quarter.
 */
export class PriceOrder {
  readonly #urgent = new PriceHeap(compareTips);
  readonly #floating = new PriceHeap(compareFees);
  readonly #all: () => Iterable<PlainEntry>;
  #removed = 0;

  /** @param all the transactions of the pool */
  constructor(all: () => Iterable<PlainEntry>) {
    this.#all = all;
  }

  add(entry: PlainEntry): void {
    this.#urgent.push(entry);
  }

  /** Counts transactions that have left the pool. */
  countRemoved(count: number): void {
    this.#removed += count;
    if (this.#removed > (this.#urgent.size + this.#floating.size) / 4) this.rebuild();
  }

  /** To be called when prices have changed. */
  rebuild(): void {
    this.#removed = 0;
    const entries = [...this.#all()];
    const count = Math.floor(entries.length / (urgentRatio + 1));
    this.#urgent.reset(entries);
    const floating: PlainEntry[] = [];
    for (let i = 0; i < count; i++) floating.push(this.#urgent.pop() as PlainEntry);
    this.#floating.reset(floating);
  }

  /** Whether a transaction does not pay more than the cheapest one of each part. */
  isUnderpriced(entry: PlainEntry): boolean {
    const [urgent, floating] = [this.#first(this.#urgent), this.#first(this.#floating)];
    if (urgent === undefined && floating === undefined) return false;
    return (
      (urgent === undefined || compareTips(urgent, entry) >= 0) &&
      (floating === undefined || compareFees(floating, entry) >= 0)
    );
  }

  /** Takes the cheapest transactions out that occupy a number of slots. @returns `undefined` if there are too few */
  take(slots: number): PlainEntry[] | undefined {
    const taken: PlainEntry[] = [];
    let left = slots;
    while (left > 0) {
      if (this.#urgent.size > this.#floating.size * urgentRatio) {
        const entry = this.#pop(this.#urgent);
        if (entry !== undefined) this.#floating.push(entry);
        continue;
      }
      if (this.#floating.size === 0) break;
      const entry = this.#pop(this.#floating);
      if (entry === undefined) continue;
      taken.push(entry);
      left -= entry.slots;
    }
    if (left <= 0) return taken;
    this.putBack(taken);
    return undefined;
  }

  /** Adds transactions again that stay in the pool. */
  putBack(entries: readonly PlainEntry[]): void {
    for (const entry of entries) this.#urgent.push(entry);
  }

  #first(heap: PriceHeap): PlainEntry | undefined {
    for (;;) {
      const { first } = heap;
      if (first === undefined || first.account !== undefined) return first;
      this.#pop(heap);
    }
  }

  /** @returns `undefined` for one that has left the pool */
  #pop(heap: PriceHeap): PlainEntry | undefined {
    const entry = heap.pop();
    if (entry?.account !== undefined) return entry;
    this.#removed--;
    return undefined;
  }
}

function compareTips(a: PlainEntry, b: PlainEntry): number {
  return compare(a.tip, b.tip) || compareFees(a, b);
}

function compareFees(a: PlainEntry, b: PlainEntry): number {
  return compare(a.feeCap, b.feeCap) || compare(a.tipCap, b.tipCap);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

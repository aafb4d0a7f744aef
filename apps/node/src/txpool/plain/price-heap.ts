import type { PlainEntry } from './plain-entry.ts';

/** Negative when the first one is cheaper. */
export type ComparePrices = (a: PlainEntry, b: PlainEntry) => number;

/** A binary heap of transactions, the cheapest first; of equally cheap ones the one with the highest nonce. */
export class PriceHeap {
  readonly #compare: ComparePrices;
  #entries: PlainEntry[] = [];

  constructor(compare: ComparePrices) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.length;
  }

  get first(): PlainEntry | undefined {
    return this.#entries[0];
  }

  /** Replaces all. @param entries belongs to the heap afterwards */
  reset(entries: PlainEntry[]): void {
    this.#entries = entries;
    for (let at = (entries.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  push(entry: PlainEntry): void {
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = entries[parent] as PlainEntry;
      if (!this.#isBefore(entry, above)) break;
      entries[at] = above;
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): PlainEntry | undefined {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first;
    entries[0] = last;
    this.#sink(0);
    return first;
  }

  #sink(start: number): void {
    const entries = this.#entries;
    const entry = entries[start] as PlainEntry;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (
        child + 1 < entries.length &&
        this.#isBefore(entries[child + 1] as PlainEntry, entries[child] as PlainEntry)
      ) {
        child++;
      }
      if (!this.#isBefore(entries[child] as PlainEntry, entry)) break;
      entries[at] = entries[child] as PlainEntry;
      at = child;
    }
    entries[at] = entry;
  }

  #isBefore(a: PlainEntry, b: PlainEntry): boolean {
    const order = this.#compare(a, b);
    return order === 0 ? a.nonce > b.nonce : order < 0;
  }
}

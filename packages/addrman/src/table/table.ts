import type { RandomSource } from '@devp2p/random';
import type { Entry } from './entry.ts';

/**
 * Table of buckets with slots. Tracks which buckets are in use, so that a nearly empty table costs no more than a full
 * one.
 */
export class SlotTable {
  readonly bucketSize: number;
  /** Number of slots in use. */
  used = 0;
  readonly #slots: (Entry | undefined)[];
  /** Number of slots in use by bucket. */
  readonly #load: Uint32Array;
  /** Buckets in use, in no particular order, and the index of each one in that list. */
  readonly #inUse: number[] = [];
  readonly #place: Uint32Array;

  constructor(buckets: number, bucketSize: number) {
    this.bucketSize = bucketSize;
    this.#slots = new Array<Entry | undefined>(buckets * bucketSize).fill(undefined);
    this.#load = new Uint32Array(buckets);
    this.#place = new Uint32Array(buckets);
  }

  get capacity(): number {
    return this.#slots.length;
  }

  /** Number of buckets with at least one entry. */
  get bucketsInUse(): number {
    return this.#inUse.length;
  }

  get(slot: number): Entry | undefined {
    return this.#slots[slot];
  }

  /** Fills a free slot. */
  put(slot: number, entry: Entry): void {
    this.#slots[slot] = entry;
    this.used++;
    const bucket = Math.floor(slot / this.bucketSize);
    if (this.#addLoad(bucket, 1) > 1) return;
    this.#place[bucket] = this.#inUse.length;
    this.#inUse.push(bucket);
  }

  /** Frees a used slot. */
  clear(slot: number): void {
    this.#slots[slot] = undefined;
    this.used--;
    const bucket = Math.floor(slot / this.bucketSize);
    if (this.#addLoad(bucket, -1) > 0) return;
    const last = this.#inUse.pop();
    if (last === undefined || last === bucket) return;
    const place = this.#place[bucket] ?? 0;
    this.#inUse[place] = last;
    this.#place[last] = place;
  }

  /**
   * Returns the first entry that `accept` accepts, searching a random bucket in use once around from a random position.
   */
  draw(random: RandomSource, accept: (entry: Entry) => boolean): Entry | undefined {
    return this.#search(random.below(this.#inUse.length), random.below(this.bucketSize), accept);
  }

  /**
   * Returns all accepted entries by bucket, starting at a random bucket, among the first `limit` or slightly more
   * entries.
   */
  sweep(random: RandomSource, limit: number, accept: (entry: Entry) => boolean): Entry[][] {
    const start = random.below(this.#inUse.length);
    const found: Entry[][] = [];
    let looked = 0;
    for (let i = 0; i < this.#inUse.length && looked < limit; i++) {
      const bucket = this.#inUse[(start + i) % this.#inUse.length] ?? 0;
      looked += this.#load[bucket] ?? 0;
      const first = bucket * this.bucketSize;
      const accepted = this.#slots
        .slice(first, first + this.bucketSize)
        .filter((entry) => entry !== undefined && accept(entry)) as Entry[];
      if (accepted.length > 0) found.push(accepted);
    }
    return found;
  }

  /** Searches one bucket once around, given its index among the buckets in use. */
  #search(place: number, start: number, accept: (entry: Entry) => boolean): Entry | undefined {
    const bucket = this.#inUse[place];
    if (bucket === undefined) return undefined;
    for (let i = 0; i < this.bucketSize; i++) {
      const entry = this.#slots[bucket * this.bucketSize + ((start + i) % this.bucketSize)];
      if (entry !== undefined && accept(entry)) return entry;
    }
    return undefined;
  }

  #addLoad(bucket: number, change: number): number {
    const load = (this.#load[bucket] ?? 0) + change;
    this.#load[bucket] = load;
    return load;
  }
}

import type { RandomSource } from '@devp2p/random';
import { selectionChance } from '../policy/quality.ts';
import type { Book } from './book.ts';
import type { Entry } from './entry.ts';
import type { SlotTable } from './table.ts';

/** Factor by which each drawn and rejected entry raises the probability of the next (Bitcoin Core). */
const chanceFactor = 1.2;

/** Entries to look at in sequence after a draw found none that the filter accepts. */
const maxSweep = 4096;

/**
 * Most draws from one table. The lowest probability of an entry is 0.01 · 0.66⁸, which 44 rounds of the factor
 * compensate; the remaining rounds are for filters.
 */
const maxRounds = 128;

/** Draws random entries from one table during one call of `select`. */
class Drawing {
  readonly #table: SlotTable;
  readonly #options: DrawOptions;
  /** Some accepted entries by bucket, once a draw has found none. */
  #found: Entry[][] | undefined;
  /** The same list if it is complete: then no further search is needed. */
  #all: Entry[][] | undefined;

  constructor(table: SlotTable, options: DrawOptions) {
    this.#table = table;
    this.#options = options;
  }

  next(): Entry | undefined {
    const { now, random, accept } = this.#options;
    let factor = 1;
    let last: Entry | undefined;
    for (let round = 0; round < maxRounds && this.#table.used > 0; round++) {
      const entry = this.#all ? pick(this.#all, random) : this.#table.draw(random, accept);
      if (entry !== undefined) {
        if (random.fraction() < factor * selectionChance(entry, now)) return entry;
        factor *= chanceFactor;
        last = entry;
      } else if (this.#all) break;
      else this.#found ??= this.#look();
    }
    return last ?? this.#found?.[0]?.[0];
  }

  /** If the filter accepts few entries, further draws would cost more than a sweep. */
  #look(): Entry[][] {
    const { random, accept } = this.#options;
    const found = this.#table.sweep(random, maxSweep, accept);
    if (this.#table.used <= maxSweep) this.#all = found;
    return found;
  }
}

/** Returns a random entry of a random bucket. */
function pick(buckets: readonly (readonly Entry[])[], random: RandomSource): Entry | undefined {
  const bucket = buckets.length > 0 ? buckets[random.below(buckets.length)] : undefined;
  return bucket?.[random.below(bucket.length)];
}

/** @see createDraw */
interface DrawOptions {
  readonly now: number;
  readonly random: RandomSource;
  readonly accept: (entry: Entry) => boolean;
}

/**
 * Returns a function that draws one entry at random: from either table with equal probability, or from the new table
 * only.
 */
export function createDraw(
  { newTable, triedTable }: Book,
  options: DrawOptions & { readonly newOnly: boolean },
): () => Entry | undefined {
  let newOnes: Drawing | undefined;
  let triedOnes: Drawing | undefined;
  const drawNew = (): Entry | undefined => {
    newOnes ??= new Drawing(newTable, options);
    return newOnes.next();
  };
  const drawTried = (): Entry | undefined => {
    triedOnes ??= new Drawing(triedTable, options);
    return triedOnes.next();
  };
  if (options.newOnly) return drawNew;
  return () => (options.random.below(2) === 0 ? (drawNew() ?? drawTried()) : (drawTried() ?? drawNew()));
}

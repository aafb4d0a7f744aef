import { chance } from '../policy/quality.ts';
import type { Dice } from '../random.ts';
import type { Book } from './book.ts';
import type { Entry } from './entry.ts';
import type { SlotTable } from './table.ts';

/** Each entry that is drawn and not taken makes the next more welcome (Bitcoin Core). */
const FACTOR = 1.2;

/** Entries that are looked at one after another when a draw has found nothing that a filter wants. */
const SWEEP = 4096;

/**
 * Buckets that are drawn in one table. The least welcome entry of all has a chance of 0.01 · 0.66⁸, which 44 rounds
 * of the factor make up for; what is beyond that is for filters.
 */
const ROUNDS = 128;

/** Draws entries at random from one table, as one call of `select` needs them. */
class Drawing {
  readonly #table: SlotTable;
  readonly #options: DrawOptions;
  /** Some that are acceptable, by bucket, once a draw has found nothing. */
  #found: Entry[][] | undefined;
  /** The same, if they are all: then there is no need to look any further. */
  #all: Entry[][] | undefined;

  constructor(table: SlotTable, options: DrawOptions) {
    this.#table = table;
    this.#options = options;
  }

  next(): Entry | undefined {
    const { now, dice, accept } = this.#options;
    let factor = 1;
    let last: Entry | undefined;
    for (let round = 0; round < ROUNDS && this.#table.used > 0; round++) {
      const entry = this.#all ? pick(this.#all, dice) : this.#table.draw(dice, accept);
      if (entry !== undefined) {
        if (dice.fraction() < factor * chance(entry, now)) return entry;
        factor *= FACTOR;
        last = entry;
      } else if (this.#all) break;
      else this.#found ??= this.#look();
    }
    return last ?? this.#found?.[0]?.[0];
  }

  /** Where hardly anything is acceptable, going on drawing would cost the most. */
  #look(): Entry[][] {
    const { dice, accept } = this.#options;
    const found = this.#table.sweep(dice, SWEEP, accept);
    if (this.#table.used <= SWEEP) this.#all = found;
    return found;
  }
}

/** A bucket at random, and one of it. */
function pick(buckets: readonly (readonly Entry[])[], dice: Dice): Entry | undefined {
  const bucket = buckets.length > 0 ? buckets[dice.below(buckets.length)] : undefined;
  return bucket?.[dice.below(bucket.length)];
}

/** @see drawer */
interface DrawOptions {
  readonly now: number;
  readonly dice: Dice;
  readonly accept: (entry: Entry) => boolean;
}

/** @returns what draws one entry at random, from either table with the same probability, or the new one alone. */
export function drawer(
  { fresh, tried }: Book,
  options: DrawOptions & { readonly newOnly: boolean },
): () => Entry | undefined {
  let newOnes: Drawing | undefined;
  let triedOnes: Drawing | undefined;
  const drawNew = (): Entry | undefined => {
    newOnes ??= new Drawing(fresh, options);
    return newOnes.next();
  };
  const drawTried = (): Entry | undefined => {
    triedOnes ??= new Drawing(tried, options);
    return triedOnes.next();
  };
  if (options.newOnly) return drawNew;
  return () =>
    options.dice.below(2) === 0 ? (drawNew() ?? drawTried()) : (drawTried() ?? drawNew());
}

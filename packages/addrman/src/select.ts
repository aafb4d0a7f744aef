import type { Book } from './book.ts';
import type { Entry } from './entry.ts';
import { chance } from './quality.ts';
import type { Dice } from './random.ts';
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
  /** What is acceptable, by bucket, once a draw has found nothing; of a large table not all. */
  #acceptable: Entry[][] | undefined;

  constructor(table: SlotTable, options: DrawOptions) {
    this.#table = table;
    this.#options = options;
  }

  next(): Entry | undefined {
    const { now, dice } = this.#options;
    let factor = 1;
    let last: Entry | undefined;
    for (let round = 0; round < ROUNDS && !this.#isBarren; round++) {
      const entry = this.#draw();
      if (entry === undefined) continue;
      if (dice.fraction() < factor * chance(entry, now)) return entry;
      factor *= FACTOR;
      last = entry;
    }
    return last ?? this.#acceptable?.[0]?.[0];
  }

  get #isBarren(): boolean {
    return this.#table.used === 0 || (this.#isKnown && this.#acceptable?.length === 0);
  }

  /** Whether all that is acceptable has been found. */
  get #isKnown(): boolean {
    return this.#acceptable !== undefined && this.#table.used <= SWEEP;
  }

  /** A bucket at random, and one of it. */
  #draw(): Entry | undefined {
    const { dice, accept } = this.#options;
    if (this.#acceptable && this.#isKnown) {
      const bucket = this.#acceptable[dice.below(this.#acceptable.length)] ?? [];
      return bucket[dice.below(bucket.length)];
    }
    const entry = this.#table.draw(dice, accept);
    // Where hardly anything is acceptable, going on like this would cost the most.
    if (entry === undefined) this.#acceptable ??= this.#table.sweep(dice, SWEEP, accept);
    return entry;
  }
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
  const [newOnes, triedOnes] = [new Drawing(fresh, options), new Drawing(tried, options)];
  if (options.newOnly) return () => newOnes.next();
  return () =>
    options.dice.below(2) === 0
      ? (newOnes.next() ?? triedOnes.next())
      : (triedOnes.next() ?? newOnes.next());
}

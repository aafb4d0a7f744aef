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

/** One entry at random, from either table with the same probability. */
export function drawEntry(
  { fresh, tried }: Book,
  now: number,
  dice: Dice,
  { newOnly, accept }: { newOnly: boolean; accept: (entry: Entry) => boolean },
): Entry | undefined {
  if (newOnly) return drawFrom(fresh, now, dice, accept);
  const [first, second] = dice.below(2) === 0 ? [fresh, tried] : [tried, fresh];
  return drawFrom(first, now, dice, accept) ?? drawFrom(second, now, dice, accept);
}

function drawFrom(
  table: SlotTable,
  now: number,
  dice: Dice,
  accept: (entry: Entry) => boolean,
): Entry | undefined {
  if (table.used === 0) return undefined;
  let factor = 1;
  let found: Entry | undefined;
  let isSwept = false;
  for (let round = 0; round < ROUNDS; round++) {
    const entry = table.draw(dice, accept);
    if (entry !== undefined) {
      if (dice.fraction() < factor * chance(entry, now)) return entry;
      factor *= FACTOR;
      found = entry;
    } else if (!isSwept) {
      // Where there is nothing to be found, further draws would cost the most.
      isSwept = true;
      found ??= table.sweep(dice, SWEEP, accept);
      if (found === undefined && table.used <= SWEEP) return undefined;
    }
  }
  return found;
}

import type { Dice } from '../random.ts';
import type { Entry } from './entry.ts';

/** Bitcoin Core's limits of an answer (`MAX_ADDR_TO_SEND`, `MAX_PCT_ADDR_TO_SEND`). */
export const MAX_SAMPLE = 1000;
export const MAX_SAMPLE_PERCENT = 23;

/**
 * At most `limit` random ones of those that `accept` takes, but not more than `percent` of all. The entries change their
 * order on the way, so that each is looked at once.
 */
export function drawSample(
  entries: Entry[],
  limit: number,
  percent: number,
  dice: Dice,
  accept: (entry: Entry) => boolean,
): Entry[] {
  const wanted = Math.min(limit, Math.floor((entries.length * percent) / 100));
  const sample: Entry[] = [];
  for (let i = 0; i < entries.length && sample.length < wanted; i++) {
    const j = i + dice.below(entries.length - i);
    const chosen = entries[j] as Entry;
    const other = entries[i] as Entry;
    entries[i] = chosen;
    entries[j] = other;
    chosen.index = i;
    other.index = j;
    if (accept(chosen)) sample.push(chosen);
  }
  return sample;
}

const HOUR = 3_600_000;

/** How long outsiders get the same answer: 21 to 27 hours, as Bitcoin Core. */
export function answerLifetime(dice: Dice): number {
  return (21 + 6 * dice.fraction()) * HOUR;
}

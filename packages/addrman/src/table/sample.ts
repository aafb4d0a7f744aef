import type { RandomSource } from '@devp2p/random';
import type { Entry } from './entry.ts';

/** Limits of a sample, as Bitcoin Core (`MAX_ADDR_TO_SEND`, `MAX_PCT_ADDR_TO_SEND`). */
export const maxSample = 1000;
export const maxSamplePercent = 23;

/**
 * Draws up to `limit` random entries that `accept` accepts, but not more than `percent` of all entries. Reorders
 * `entries`, so that each is looked at once.
 */
export function drawSample(
  entries: Entry[],
  limit: number,
  percent: number,
  random: RandomSource,
  accept: (entry: Entry) => boolean,
): Entry[] {
  const wanted = Math.min(limit, Math.floor((entries.length * percent) / 100));
  const sample: Entry[] = [];
  for (let i = 0; i < entries.length && sample.length < wanted; i++) {
    const j = i + random.below(entries.length - i);
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

const hour = 3_600_000;

/** Returns how long other nodes get the same sample, in ms: 21 to 27 hours, as Bitcoin Core. */
export function answerLifetime(random: RandomSource): number {
  return (21 + 6 * random.fraction()) * hour;
}

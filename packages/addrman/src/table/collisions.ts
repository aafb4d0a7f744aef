import { distance } from '../policy/quality.ts';
import type { Entry } from './entry.ts';

const MINUTE = 60_000;
/** How long a success or a failure speaks for or against the holder of a slot (Bitcoin Core, as the two below). */
const REPLACEMENT = 4 * 60 * MINUTE;
/** How long the holder gets to answer. */
const TEST_TIME = MINUTE;
/** How long a newcomer waits for a test. */
const TEST_WINDOW = 40 * MINUTE;

/** Who gets a tried slot that two entries want; `undefined` while that is open. */
export function verdict(holder: Entry, newcomer: Entry, now: number): Entry | undefined {
  if (distance(now, holder.lastSuccess) < REPLACEMENT) return holder;
  if (distance(now, holder.lastTry) < REPLACEMENT) {
    return distance(now, holder.lastTry) >= TEST_TIME ? newcomer : undefined;
  }
  return distance(now, newcomer.lastSuccess) > TEST_WINDOW ? newcomer : undefined;
}

/** Whether the holder of a slot is being tested right now. */
export function underTest(holder: Entry, now: number): boolean {
  return distance(now, holder.lastTry) < TEST_TIME;
}

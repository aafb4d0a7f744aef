import { distance } from '../policy/quality.ts';
import type { Entry } from './entry.ts';

const minute = 60_000;
/** Age up to which a success or a failure of the holder decides, in ms (Bitcoin Core, also for the two below). */
const replacementTime = 4 * 60 * minute;
/** Time that the holder has to respond, in ms. */
const testTime = minute;
/** Longest wait of a newcomer for a test of the holder, in ms. */
const testWindow = 40 * minute;

/** Returns the entry that gets a tried slot that two entries want; `undefined` while that is undecided. */
export function resolveCollision(holder: Entry, newcomer: Entry, now: number): Entry | undefined {
  if (distance(now, holder.lastSuccess) < replacementTime) return holder;
  if (distance(now, holder.lastTry) < replacementTime) {
    return distance(now, holder.lastTry) >= testTime ? newcomer : undefined;
  }
  return distance(now, newcomer.lastSuccess) > testWindow ? newcomer : undefined;
}

/** Whether the holder of a slot is being tested now. */
export function isBeingTested(holder: Entry, now: number): boolean {
  return distance(now, holder.lastTry) < testTime;
}

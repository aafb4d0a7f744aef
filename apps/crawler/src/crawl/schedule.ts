import { hasReached } from '../model/node-record.ts';
import type { NextVisit } from '../visit/apply-result.ts';
import type { VisitResult } from '../visit/visit-result.ts';

/** Intervals between visits, in milliseconds. */
export interface ScheduleOptions {
  /** After a successful visit. @default 1_800_000 */
  readonly successInterval?: number | undefined;
  /** After the first failed visit; doubled after each further one. @default 60_000 */
  readonly minBackoff?: number | undefined;
  /** Maximum of the doubled interval. @default 172_800_000 */
  readonly maxBackoff?: number | undefined;
  /** After a Hello without eth. @default 1_209_600_000 */
  readonly otherProtocolInterval?: number | undefined;
  /** Maximum of the random time added to each interval, which is at most doubled. @default 3_600_000 */
  readonly maxJitter?: number | undefined;
}

/** Fields of a visit's result that determine the next visit. */
export type ScheduledResult = Pick<VisitResult, 'status' | 'endpoint' | 'supportsEth' | 'dialDelay'>;

/**
 * Returns the next visit of a node.
 *
 * @param failures consecutive failed visits before this one
 */
export type Schedule = (result: ScheduledResult, failures: number) => NextVisit;

/** @param random returns a number from 0 up to but not including 1 */
export function createSchedule(options: ScheduleOptions, random: () => number): Schedule {
  const {
    successInterval = 30 * 60_000,
    minBackoff = 60_000,
    maxBackoff = 48 * 3_600_000,
    otherProtocolInterval = 14 * 24 * 3_600_000,
    maxJitter = 3_600_000,
  } = options;
  const jittered = (wait: number) => Math.round(wait + random() * Math.min(wait, maxJitter));
  return ({ status, endpoint, supportsEth, dialDelay }, failures) => {
    if (dialDelay > 0) return { wait: dialDelay, failures };
    if (hasReached(status, endpoint.tcp > 0 ? 'status' : 'bonded')) {
      return { wait: jittered(successInterval), failures: 0 };
    }
    if (supportsEth === false) return { wait: jittered(otherProtocolInterval), failures: 0 };
    const backoff = Math.min(maxBackoff, minBackoff * 2 ** Math.min(failures, 52));
    return { wait: jittered(backoff), failures: failures + 1 };
  };
}

import type { Clock } from '@devp2p/clock';
import type { Log } from '../logging/log.ts';

/** Refusals in a row that are no accident. */
const suspicious = 3;
/** Time from one report to the next, in ms. */
const interval = 3_600_000;

/** Reports a consensus client whose chain has a fork that our schedule lacks. */
export interface ScheduleCheck {
  /** A payload or attributes came in a version that is newer than our schedule's fork at their time. */
  refused(method: string, timestamp: number): void;
  /** They came in the version that our schedule expects. */
  accepted(): void;
}

export function createScheduleCheck(clock: Clock, log: Log): ScheduleCheck {
  let inRow = 0;
  let reported: number | undefined;
  return {
    refused(method, timestamp) {
      inRow += 1;
      const now = clock.monotonic();
      if (inRow < suspicious || (reported !== undefined && now - reported < interval)) return;
      reported = now;
      log.warn(
        { method, timestamp },
        'consensus client uses a fork that this schedule does not have: update this program, or the genesis',
      );
    },
    accepted() {
      inRow = 0;
    },
  };
}

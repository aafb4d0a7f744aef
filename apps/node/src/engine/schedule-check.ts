import type { Clock } from '@devp2p/clock';
import type { Log } from '../logging/log.ts';

/** Consecutive refusals after which a warning is logged. */
const minRefusals = 3;
/** Time between two warnings, in ms. */
const interval = 3_600_000;

/** Warns of a consensus client whose chain has a fork that is not in the fork schedule. */
export interface ScheduleCheck {
  /** Records a payload or attributes of a version for a later fork than the schedule has at their time. */
  refused(method: string, timestamp: number): void;
  /** Records a payload or attributes of the expected version. */
  accepted(): void;
}

export function createScheduleCheck(clock: Clock, log: Log): ScheduleCheck {
  let refusals = 0;
  let reported: number | undefined;
  return {
    refused(method, timestamp) {
      refusals += 1;
      const now = clock.monotonic();
      if (refusals < minRefusals || (reported !== undefined && now - reported < interval)) return;
      reported = now;
      log.warn(
        { method, timestamp },
        'consensus client uses a fork that this schedule does not have: update this program, or the genesis',
      );
    },
    accepted() {
      refusals = 0;
    },
  };
}

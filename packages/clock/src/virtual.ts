/// <reference types="node" preserve="true" />

import { setImmediate } from 'node:timers';
import type { Rule, Rules } from '@devp2p/options';
import { check, checkTimer } from './check-options.ts';
import { type Clock, deadline, type Timer } from './clock.ts';
import { ClockError } from './error.ts';
import { TimerQueue } from './timer-queue.ts';

export type { Clock, Timer } from './clock.ts';
export type { ClockError, ClockErrorCode } from './error.ts';

/** A {@link Clock} that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /**
   * Moves both clocks forward by `ms` milliseconds and fires, one after another, every timer that comes due on the
   * way: in order of time, those of the same moment in order of creation, and those that are set on the way as well.
   *
   * Before the first timer, after each one and at the end, the program settles: all microtasks, `process.nextTick`
   * callbacks and `setImmediate` callbacks run until none is left, so a chain of promises or an in-memory stream of any
   * length has come to rest. Not waited for: the thread pool (`fs`, `zlib`, asynchronous crypto), sockets, workers and
   * timers that were not set on this clock. `advance(0)` only settles and fires what is due already.
   *
   * Calls queue up behind each other. Rejects with what a callback throws; the clock then stands at that timer's
   * time, and the next call goes on from there. Also rejects when the program does not come to rest.
   *
   * @throws ClockError `invalid-option` when `ms` is negative or not finite; `livelock`
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves the wall clock alone, either way, as an operator or NTP would. No timer is affected.
   *
   * @throws ClockError `invalid-option` when `ms` is not finite.
   */
  jump(ms: number): void;
  /** How many timers are set and have not fired. */
  readonly pending: number;
}

/** Options of {@link virtualClock}. */
export interface VirtualClockOptions {
  /** What the wall clock shows at the start, in ms since the Unix epoch. @default 1_700_000_000_000 */
  now?: number;
}

/** Timers fired at one moment, and rounds of immediates between two timers, beyond which something runs in a circle. */
const LIVELOCK = 100_000;

const finite: Rule = { expected: 'a finite number', fits: Number.isFinite };
const forward: Rule = {
  expected: 'a finite number of at least 0',
  fits: (value) => finite.fits(value) && (value as number) >= 0,
};
const rules: Rules<VirtualClockOptions> = { now: finite };

/**
 * A clock for tests and simulations: deterministic, and hours pass in no time. Monotonic time starts at 0.
 *
 * @throws ClockError `invalid-option`
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  check.options('virtualClock', options, rules);
  const timers = new TimerQueue();
  let wall = options.now ?? 1_700_000_000_000;
  let monotonic = 0;
  let queue: Promise<void> = Promise.resolve();

  const run = async (ms: number): Promise<void> => {
    const end = monotonic + ms;
    let firedNow = 0;
    for (;;) {
      await settle();
      const timer = timers.peek();
      if (timer !== undefined && timer.due <= end) {
        firedNow = timer.due > monotonic ? 1 : firedNow + 1;
        if (firedNow > LIVELOCK)
          throw new ClockError(
            'livelock',
            `timers at ${monotonic} ms keep setting timers for the same moment`,
          );
        monotonic = Math.max(monotonic, timer.due);
        timers.remove(timer);
        timer.callback();
      } else if (monotonic < end) {
        monotonic = end;
      } else {
        return;
      }
    }
  };

  return {
    now: () => Math.floor(wall + monotonic),
    monotonic: () => monotonic,
    setTimeout(callback: () => void, ms: number): Timer {
      checkTimer(callback, ms);
      const timer = timers.add(deadline(monotonic, ms), callback);
      return { cancel: () => timers.remove(timer) };
    },
    async advance(ms: number): Promise<void> {
      check.value('ms', ms, forward);
      const done = queue.then(() => run(ms));
      queue = done.catch(() => undefined);
      await done;
    },
    jump(ms: number): void {
      check.value('ms', ms, finite);
      wall += ms;
    },
    get pending(): number {
      return timers.size;
    },
  };
}

/** Lets everything run that needs neither a timer nor the outside world. */
async function settle(): Promise<void> {
  for (let round = 0; round < LIVELOCK; round++) {
    // All microtasks and ticks run before the event loop gets to an immediate.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!process.getActiveResourcesInfo().includes('Immediate')) return;
  }
  throw new ClockError(
    'livelock',
    'the program does not come to rest: it keeps scheduling immediates',
  );
}

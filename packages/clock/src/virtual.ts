/// <reference types="node" preserve="true" />

import { setImmediate } from 'node:timers';
import type { Rule, Rules } from '@devp2p/options';
import { check, checkTimer } from './check-options.ts';
import { type Clock, deadline, type Timer } from './clock.ts';
import { ClockError } from './error.ts';
import { TimerQueue } from './timer-queue.ts';

export type { Clock, Timer } from './clock.ts';
export type { ClockError, ClockErrorCode } from './error.ts';

/** {@link Clock} that moves only by {@link VirtualClock.advance} and {@link VirtualClock.jump}. */
export interface VirtualClock extends Clock {
  /**
   * Moves both clocks forward by `ms` milliseconds and fires all timers that become due, including those set meanwhile, in
   * order of time. Timers of the same time fire in order of creation.
   *
   * Before the first timer, after each one and at the end, the program settles: microtasks, `process.nextTick` callbacks
   * and `setImmediate` callbacks run until there are no more, so promise chains and in-memory streams of any length are
   * finished. It does not wait for the thread pool (`fs`, `zlib`, asynchronous crypto), sockets, workers and timers of
   * other clocks. `advance(0)` settles and fires timers that are due already.
   *
   * Calls run one after another. A call rejects with the error of a callback. The clock then shows the time of that timer,
   * and the next call continues from there. It also rejects if the program does not settle.
   *
   * @throws ClockError `invalid-option` if `ms` is negative or not finite; `livelock`
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves only the wall clock, forward or back, as an operator or NTP does. Timers are not affected.
   *
   * @throws ClockError `invalid-option` if `ms` is not finite
   */
  jump(ms: number): void;
  /** Number of timers that have not fired and are not cancelled. */
  readonly pending: number;
}

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /** Start of the wall clock, in ms since the Unix epoch. @default 1_700_000_000_000 */
  now?: number;
}

/** Limit of timers at one time, and of rounds of immediates between two timers. More mean an endless loop. */
const livelockLimit = 100_000;

const finite: Rule = { expected: 'a finite number', fits: Number.isFinite };
const forward: Rule = {
  expected: 'a finite number of at least 0',
  fits: (value) => finite.fits(value) && (value as number) >= 0,
};
const rules: Rules<VirtualClockOptions> = { now: finite };

/**
 * Creates a deterministic clock for tests and simulations, in which hours pass at once. Monotonic time starts at 0.
 *
 * @throws {@link ClockError} `invalid-option`
 */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  check.options('createVirtualClock', options, rules);
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
        if (firedNow > livelockLimit)
          throw new ClockError('livelock', `timers at ${monotonic} ms keep setting timers for the same time`);
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

/** Runs microtasks, ticks and immediates until there are no more. */
async function settle(): Promise<void> {
  for (let round = 0; round < livelockLimit; round++) {
    // The event loop runs all microtasks and ticks before an immediate.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!process.getActiveResourcesInfo().includes('Immediate')) return;
  }
  throw new ClockError('livelock', 'the program does not settle: it keeps scheduling immediates');
}

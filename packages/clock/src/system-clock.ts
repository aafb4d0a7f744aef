// biome-ignore-all lint/plugin: this is the driver behind the injected clock, the one place that asks the machine
import { checkTimer } from './check-options.ts';
import { type Clock, deadline, type Timer } from './clock.ts';

/** The longest delay that the platform's timers take; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * The clock of the machine. Its timers keep the process alive until they have fired or were cancelled, so whoever
 * sets one cancels it in its `close()`.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback: () => void, ms: number): Timer {
    checkTimer(callback, ms);
    const due = deadline(performance.now(), ms);
    const arm = (): NodeJS.Timeout => {
      const delay = Math.min(Math.ceil(Math.max(0, due - performance.now())), MAX_DELAY);
      // biome-ignore lint/style/noRestrictedGlobals: as above
      return setTimeout(fire, delay);
    };
    const fire = (): void => {
      // Also covers the platform's own rounding, which lets a timer fire up to a millisecond early.
      if (performance.now() < due) timeout = arm();
      else callback();
    };
    let timeout = arm();
    return { cancel: () => clearTimeout(timeout) };
  },
};

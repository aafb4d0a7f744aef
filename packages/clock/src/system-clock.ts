// biome-ignore-all lint/plugin: the implementation of the injected clock, and the only place that reads the clock of the machine
import { checkTimer } from './check-options.ts';
import { type Clock, deadline, type Timer } from './clock.ts';

/** Longest delay of the platform's timers in ms. Longer ones would fire at once. */
const maxDelay = 2 ** 31 - 1;

/**
 * Clock of the machine. Its timers keep the process alive until they have fired or are cancelled, so a component that
 * sets one cancels it in `close()`.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback: () => void, ms: number): Timer {
    checkTimer(callback, ms);
    const due = deadline(performance.now(), ms);
    const arm = (): NodeJS.Timeout => {
      const delay = Math.min(Math.ceil(Math.max(0, due - performance.now())), maxDelay);
      // biome-ignore lint/style/noRestrictedGlobals: as above
      return setTimeout(fire, delay);
    };
    const fire = (): void => {
      // The platform rounds, so a timer may fire up to a millisecond early.
      if (performance.now() < due) timeout = arm();
      else callback();
    };
    let timeout = arm();
    return { cancel: () => clearTimeout(timeout) };
  },
};

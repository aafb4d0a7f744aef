import type { Clock, Timer } from '@devp2p/clock';

/** Calls back repeatedly, each time after a new `delay` in ms, until it is canceled. */
export function recurring(clock: Clock, delay: () => number, callback: () => void): Timer {
  const next = (): Timer =>
    clock.setTimeout(() => {
      timer = next();
      callback();
    }, delay());
  let timer = next();
  return { cancel: () => timer.cancel() };
}

import type { Clock } from '@devp2p/clock';

/**
 * Resolves with a fallback when the work has not ended in time; the work continues. Callers of the Engine API give up
 * after a time that the specification names, and repeat the call.
 *
 * @param limit in ms
 */
export function answerWithin<T>(clock: Clock, limit: number, work: Promise<T>, fallback: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve(fallback), limit);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

import { abortSignal } from '@devp2p/options';
import { check, clockRule } from './check-options.ts';
import type { Clock } from './clock.ts';

const rules = { signal: abortSignal };

/**
 * Resolves after `ms` milliseconds of the clock's monotonic time.
 *
 * @param options - `signal`: its abort ends the sleep at once, rejecting with the signal's reason. The timer is
 * cancelled then, and in either case no listener stays behind on the signal.
 * @throws ClockError `invalid-option`
 */
export function sleep(
  clock: Clock,
  ms: number,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    check.value('clock', clock, clockRule);
    check.options('sleep', options, rules);
    const { signal } = options;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

import { abortSignal } from '@devp2p/options';
import { check, clockRule } from './check-options.ts';
import type { Clock } from './clock.ts';

const rules = { signal: abortSignal };

/**
 * Resolves after `ms` milliseconds of the clock's monotonic time.
 *
 * @param options `signal`: aborts the sleep, which then rejects with the reason of the signal. The timer is cancelled, and
 * the listener on the signal is removed in every case.
 * @throws {@link ClockError} `invalid-option`
 */
export function sleep(clock: Clock, ms: number, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
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

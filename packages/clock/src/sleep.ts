import type { Clock } from './clock.ts';

/**
 * Resolves after `ms` milliseconds of the clock's monotonic time.
 *
 * @param options - `signal`: its abort ends the sleep at once, rejecting with the signal's reason. The timer is
 * cancelled then, and in either case no listener stays behind on the signal.
 */
export function sleep(
  clock: Clock,
  ms: number,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
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

import { abortSignal, any, func } from '@devp2p/options';
import { check, clockRule } from './check-options.ts';
import type { Clock } from './clock.ts';

/** What {@link timeoutSignal} returns. */
export interface TimeoutSignal {
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
  /** Drops the timer, for when the work was done in time. Idempotent; the signal then never aborts. */
  cancel(): void;
}

/**
 * A signal that aborts after `ms` milliseconds of the clock's monotonic time.
 *
 * @param reason - what the signal aborts with. @default a `DOMException` named `TimeoutError`, like
 * `AbortSignal.timeout`
 * @throws ClockError `invalid-option`
 */
export function timeoutSignal(clock: Clock, ms: number, reason?: unknown): TimeoutSignal {
  check.value('clock', clock, clockRule);
  const controller = new AbortController();
  const timer = clock.setTimeout(() => controller.abort(reason ?? timeoutError(ms)), ms);
  return { signal: controller.signal, cancel: () => timer.cancel() };
}

/** Options of {@link withTimeout}. */
export interface WithTimeoutOptions {
  /** The caller's own signal: its abort ends the wait as well, with its own reason. */
  signal?: AbortSignal | undefined;
  /** What to reject with when the time is up. @default a `DOMException` named `TimeoutError` */
  reason?: unknown;
}

const rules = { signal: abortSignal, reason: any };

/**
 * Runs `work` under a deadline. Rejects with the reason as soon as the time is up or the caller aborts, whether or
 * not `work` takes notice of the signal that it is given; otherwise settles as `work` does. Timer and listener are
 * gone in every case. (`AbortSignal.any` is not used because it leaves something behind on a long-lived signal for
 * every call.)
 *
 * @throws ClockError `invalid-option`
 */
export function withTimeout<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  options: WithTimeoutOptions = {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    check.value('clock', clock, clockRule);
    check.value('work', work, func);
    check.options('withTimeout', options, rules);
    const { signal, reason } = options;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const controller = new AbortController();
    const abort = (cause: unknown): void => {
      settle();
      reject(cause);
      controller.abort(cause);
    };
    const onAbort = (): void => abort(signal?.reason);
    const timer = clock.setTimeout(() => abort(reason ?? timeoutError(ms)), ms);
    const settle = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const started = async (): Promise<T> => work(controller.signal);
    started().finally(settle).then(resolve, reject);
  });
}

function timeoutError(ms: number): DOMException {
  return new DOMException(`timed out after ${ms} ms`, 'TimeoutError');
}

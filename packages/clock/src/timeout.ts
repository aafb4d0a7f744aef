import { abortSignal, any, func } from '@devp2p/options';
import { check, clockRule } from './check-options.ts';
import type { Clock } from './clock.ts';

/** Result of {@link timeoutSignal}. */
export interface TimeoutSignal {
  /** Aborts after the timeout. */
  readonly signal: AbortSignal;
  /** Cancels the timer when the work is done, so that the signal never aborts. Idempotent. */
  cancel(): void;
}

/**
 * Creates a signal that aborts after `ms` milliseconds of the clock's monotonic time.
 *
 * @param reason reason of the signal. @default a `DOMException` named `TimeoutError`, as `AbortSignal.timeout`
 * @throws {@link ClockError} `invalid-option`
 */
export function timeoutSignal(clock: Clock, ms: number, reason?: unknown): TimeoutSignal {
  check.value('clock', clock, clockRule);
  const controller = new AbortController();
  const timer = clock.setTimeout(() => controller.abort(reason ?? timeoutError(ms)), ms);
  return { signal: controller.signal, cancel: () => timer.cancel() };
}

/** Options of {@link withTimeout}. */
export interface WithTimeoutOptions {
  /** Signal of the caller. Its abort ends the wait as well, with its own reason. */
  signal?: AbortSignal | undefined;
  /** Reason of the timeout. @default a `DOMException` named `TimeoutError` */
  reason?: unknown;
}

const rules = { signal: abortSignal, reason: any };

/**
 * Runs `work` with a timeout. Rejects with the reason after the timeout, or when the signal of the caller aborts, even if
 * `work` ignores the signal that it receives. Otherwise settles like `work`. Timer and listener are removed in every case.
 * (`AbortSignal.any` is not used because every call would leave an entry on a long-lived signal.)
 *
 * @throws {@link ClockError} `invalid-option`
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

import type { TaskScheduler } from './task-scheduler.ts';

/** Ends a download. */
export interface Outcome<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Runs task schedulers until their download ends, or the signal aborts.
 *
 * @param start creates the schedulers; it may call the outcome at any time from then on
 */
export async function runDownload<T>(
  signal: AbortSignal,
  start: (outcome: Outcome<T>) => readonly Pick<TaskScheduler<never>, 'run' | 'close'>[],
): Promise<T> {
  signal.throwIfAborted();
  let schedulers: ReturnType<typeof start> = [];
  let onAbort = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      schedulers = start({ resolve, reject });
      for (const scheduler of schedulers) scheduler.run();
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const scheduler of schedulers) scheduler.close();
  }
}

import type { Lane } from './lane.ts';

/** How a download ends. */
export interface Outcome<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Runs lanes until the download that they work for says that it is over, or the signal does.
 *
 * @param start makes the lanes; the outcome may be called at any time from then on
 */
export async function drive<T>(
  signal: AbortSignal,
  start: (outcome: Outcome<T>) => readonly Pick<Lane<never>, 'pump' | 'close'>[],
): Promise<T> {
  signal.throwIfAborted();
  let lanes: ReturnType<typeof start> = [];
  let onAbort = (): void => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      lanes = start({ resolve, reject });
      for (const lane of lanes) lane.pump();
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const lane of lanes) lane.close();
  }
}

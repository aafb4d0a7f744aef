/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Rejects with the promise, and never resolves. */
export async function failure(promise: Promise<unknown>): Promise<never> {
  await promise;
  return new Promise(() => {});
}

/** Rejects with the error that the promise resolves with. */
export async function failureOf(promise: Promise<Error>): Promise<never> {
  throw await promise;
}

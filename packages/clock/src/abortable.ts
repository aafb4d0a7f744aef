/**
 * Waits for work that accepts no signal. Settles like `work`, or rejects with the reason of the signal as soon as that
 * aborts; the work itself goes on. Removes its listener from the signal in both cases.
 */
export function abortable<T>(work: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal === undefined) {
      work.then(resolve, reject);
      return;
    }
    const onAbort = (): void => reject(signal.reason);
    const settle = (): void => signal.removeEventListener('abort', onAbort);
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

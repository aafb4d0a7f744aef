/** Waits for what takes no signal itself. Rejects with the signal's reason. */
export async function unless<T>(
  signal: AbortSignal | undefined,
  work: Promise<T> | undefined,
): Promise<T | undefined> {
  if (!signal || !work) return work;
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

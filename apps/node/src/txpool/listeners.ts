/** Items that an async iterable keeps for a slow reader; the oldest are lost first. */
const maxWaiting = 8_192;

/** Functions that are called with batches of items, and async iterables over the items. */
export class Listeners<T> {
  readonly #listeners = new Set<(items: readonly T[]) => void>();

  /** @returns a function that ends the subscription */
  add(listener: (items: readonly T[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(items: readonly T[]): void {
    if (items.length === 0) return;
    for (const listener of [...this.#listeners]) listener(items);
  }

  /** Iterates over the items from now on, until the signal aborts. */
  iterate(signal?: AbortSignal): AsyncIterableIterator<T> {
    const waiting: T[] = [];
    let isEnded = signal?.aborted ?? false;
    let wake = (): void => {};
    const unsubscribe = this.add((items) => {
      waiting.push(...items);
      if (waiting.length > maxWaiting) waiting.splice(0, waiting.length - maxWaiting);
      wake();
    });
    const end = (): void => {
      isEnded = true;
      unsubscribe();
      wake();
    };
    signal?.addEventListener('abort', end, { once: true });
    return {
      async next() {
        while (waiting.length === 0 && !isEnded) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const value = isEnded ? undefined : waiting.shift();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      async return() {
        signal?.removeEventListener('abort', end);
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

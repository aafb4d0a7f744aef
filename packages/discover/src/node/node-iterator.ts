import { abortSignal, func, type Rule, type Rules } from '@devp2p/options';
import { check } from '../check-options.ts';

/** Options of {@link createNodeIterator}. */
export interface NodeIteratorOptions {
  /** Ends the iterator. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when a source fails; the iterator goes on without that source.
   * @default the iterator throws the error of the source
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const rules: Rules<NodeIteratorOptions> = { signal: abortSignal, onError: func };
const sourcesRule: Rule = {
  expected: 'an array of sources',
  fits: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
};
const sourceRule: Rule = {
  expected: 'an async iterable',
  fits: (value) => typeof value === 'object' && value !== null && Symbol.asyncIterator in value,
};

interface Slot<T> {
  readonly iterator: AsyncIterator<T>;
  ready?: IteratorResult<T> | undefined;
  failure?: { readonly error: unknown } | undefined;
}

/**
 * Creates an iterator over several sources of nodes, such as discovery and DNS lists. It takes turns between the sources
 * that have an item ready, so that a fast source does not starve the others, and does not wait for a slow one. It
 * prefetches one item of each source.
 *
 * It ends when all sources have ended, when the signal aborts, or when the consumer stops. It then calls `return()` of
 * the remaining sources without waiting for the result.
 *
 * @throws DiscoverError `invalid-option`
 */
export function createNodeIterator<T>(
  sources: Iterable<AsyncIterable<T>>,
  options: NodeIteratorOptions = {},
): AsyncGenerator<T, void, undefined> {
  check.value('sources', sources, sourcesRule);
  const all = [...sources];
  check.elements('sources', all, sourceRule);
  check.options('createNodeIterator', options, rules);
  return iterate(all, options);
}

async function* iterate<T>(
  sources: readonly AsyncIterable<T>[],
  { signal, onError }: NodeIteratorOptions,
): AsyncGenerator<T, void, undefined> {
  const slots: Slot<T>[] = [];
  let wake = (): void => undefined;
  const fetch = (slot: Slot<T>): void => {
    slot.iterator.next().then(
      (result) => {
        slot.ready = result;
        wake();
      },
      (error: unknown) => {
        slot.failure = { error };
        wake();
      },
    );
  };
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  try {
    for (const source of sources) slots.push({ iterator: source[Symbol.asyncIterator]() });
    slots.forEach(fetch);
    while (slots.length > 0 && !signal?.aborted) {
      const index = slots.findIndex(({ ready, failure }) => ready || failure);
      const [slot] = index < 0 ? [] : slots.splice(index, 1);
      if (!slot) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (slot.failure) {
        if (!onError) throw slot.failure.error;
        onError(slot.failure.error);
      } else if (slot.ready && !slot.ready.done) {
        const { value } = slot.ready;
        slot.ready = undefined;
        // At the end, so that all other sources have their turn first.
        slots.push(slot);
        fetch(slot);
        yield value;
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    for (const { iterator } of slots) iterator.return?.()?.catch(() => undefined);
  }
}

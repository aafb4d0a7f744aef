import { abortSignal, func, type Rule, type Rules } from '@devp2p/options';
import { check } from './check-options.ts';

/** Options of {@link mixSources}. */
export interface MixOptions {
  /** Ends the mix. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when a source fails; the others go on without it.
   * @default the mix fails with its error
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const rules: Rules<MixOptions> = { signal: abortSignal, onError: func };
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
 * Merges sources of nodes, or of anything: takes turns between all that have something, so that a fast one cannot
 * starve the others, and waits for none that is slow. One item of each source is fetched ahead.
 *
 * Ends when all sources have ended, when the signal aborts, or when the consumer stops; then `return()` is called on
 * the sources that are left, without waiting for it.
 *
 * @throws Discv4Error `invalid-option`
 */
export function mixSources<T>(
  sources: Iterable<AsyncIterable<T>>,
  options: MixOptions = {},
): AsyncGenerator<T, void, undefined> {
  check.value('sources', sources, sourcesRule);
  const all = [...sources];
  check.elements('sources', all, sourceRule);
  check.options('mixSources', options, rules);
  return mix(all, options);
}

async function* mix<T>(
  sources: readonly AsyncIterable<T>[],
  { signal, onError }: MixOptions,
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
      const turn = slots.findIndex(({ ready, failure }) => ready || failure);
      const [slot] = turn < 0 ? [] : slots.splice(turn, 1);
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
        // Behind all others, whose turn it is first.
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

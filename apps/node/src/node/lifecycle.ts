import { setMaxListeners } from 'node:events';

/** @see Lifecycle.onClose */
export interface OnCloseOptions {
  /** Whether it closes at the same time as its parallel neighbors in the order of registration. @default false */
  readonly parallel?: boolean;
}

/** @see Lifecycle.open */
export interface OpenOptions {
  /** Aborts the opening; without effect once it has finished. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the error when closing fails after a failed opening, whose error is thrown. */
  readonly onCloseError?: (error: unknown) => void;
}

interface Entry {
  readonly close: () => unknown;
  readonly parallel: boolean;
}

/** Resources of a running program part, each registered as it is opened, and closed together. */
export class Lifecycle {
  readonly #controller = new AbortController();
  readonly #entries: Entry[] = [];
  #closed: Promise<void> | undefined;

  constructor() {
    setMaxListeners(0, this.#controller.signal);
  }

  /**
   * Runs `open` with a new lifecycle. When it throws, or the signal aborts before it ends, everything registered until
   * then is closed first.
   *
   * @throws the error of `open`, or the reason of the signal
   */
  static async open<T>(
    open: (lifecycle: Lifecycle) => Promise<T>,
    { signal, onCloseError }: OpenOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const lifecycle = new Lifecycle();
    const onAbort = (): void => lifecycle.#controller.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const result = await open(lifecycle);
      signal?.throwIfAborted();
      return result;
    } catch (error) {
      await lifecycle.close().catch((closeError: unknown) => onCloseError?.(closeError));
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Aborts when closing begins, or when the opening is aborted. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Registers a function that closes one resource. Resources close in reverse order, each after the one before has
   * closed; neighbors registered as `parallel` close at the same time.
   *
   * @throws Error once closing has begun
   */
  onClose(close: () => unknown, { parallel = false }: OnCloseOptions = {}): void {
    if (this.#closed !== undefined) throw new Error('the lifecycle is closed');
    this.#entries.push({ close, parallel });
  }

  /**
   * Closes every resource, also when some fail. Idempotent.
   *
   * @throws the error of the resource that failed; AggregateError when several did
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#controller.abort();
    const errors: unknown[] = [];
    for (const group of groupsOf(this.#entries.splice(0).reverse())) {
      const ends = await Promise.allSettled(group.map(async ({ close }) => close()));
      for (const end of ends) if (end.status === 'rejected') errors.push(end.reason);
    }
    if (errors.length > 1) {
      throw new AggregateError(errors, errors.map((error) => String(error)).join('; '));
    }
    if (errors.length === 1) throw errors[0];
  }
}

/** Groups of entries that close at the same time. */
function groupsOf(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (entry.parallel && last?.[0]?.parallel) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

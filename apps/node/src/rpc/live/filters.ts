import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/random';
import { RpcError } from '../transport/rpc-error.ts';

/** Limits of the filters that callers poll. */
export interface FilterLimits {
  /** Filters at once. @default 1_000 */
  readonly maxFilters: number;
  /** Changes that wait for a poll; a filter with more is removed. @default 10_000 */
  readonly maxChanges: number;
  /** Time without a poll after which a filter is removed, in ms. @default 300_000 (go-ethereum) */
  readonly lifetime: number;
}

const filterLimits: FilterLimits = { maxFilters: 1_000, maxChanges: 10_000, lifetime: 300_000 };

/** @see Filters */
export interface FiltersOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly limits?: FilterLimits | undefined;
}

/** Begins to collect changes. @returns a function that ends it */
type Begin = (add: (changes: readonly unknown[]) => void) => () => void;

interface Filter<Request> {
  readonly request: Request | undefined;
  changes: unknown[];
  timer: Timer;
  end: () => void;
}

/** Filters that collect changes until they are polled. @typeParam Request what a filter of logs selects */
export class Filters<Request> {
  readonly #options: FiltersOptions;
  readonly #limits: FilterLimits;
  readonly #filters = new Map<string, Filter<Request>>();

  constructor(options: FiltersOptions) {
    this.#options = options;
    this.#limits = options.limits ?? filterLimits;
  }

  get size(): number {
    return this.#filters.size;
  }

  /**
   * Adds a filter.
   *
   * @param request of a filter of logs
   * @returns its id
   * @throws RpcError `failed` when there are too many
   */
  add(begin: Begin, request?: Request): string {
    const { maxFilters, maxChanges } = this.#limits;
    if (this.#filters.size >= maxFilters) throw new RpcError('failed', `too many filters, at most ${maxFilters}`);
    const id = `0x${toHex(this.#options.random(16))}`;
    const filter: Filter<Request> = { request, changes: [], timer: this.#expiry(id), end: () => {} };
    this.#filters.set(id, filter);
    filter.end = begin((changes) => {
      if (filter.changes.length + changes.length > maxChanges) this.remove(id);
      else filter.changes.push(...changes);
    });
    return id;
  }

  /** The changes since the last poll. @throws RpcError `failed` for an unknown filter */
  poll(id: string): readonly unknown[] {
    const filter = this.#find(id);
    const { changes } = filter;
    filter.changes = [];
    return changes;
  }

  /** What a filter of logs selects. @throws RpcError `failed` for another or an unknown filter */
  requestOf(id: string): Request {
    const { request } = this.#find(id);
    if (request === undefined) throw notFound();
    return request;
  }

  /** @returns whether there was such a filter */
  remove(id: string): boolean {
    const filter = this.#filters.get(id);
    filter?.timer.cancel();
    filter?.end();
    return this.#filters.delete(id);
  }

  close(): void {
    for (const id of [...this.#filters.keys()]) this.remove(id);
  }

  /** Finds a filter, which lives on. */
  #find(id: string): Filter<Request> {
    const filter = this.#filters.get(id);
    if (filter === undefined) throw notFound();
    filter.timer.cancel();
    filter.timer = this.#expiry(id);
    return filter;
  }

  #expiry(id: string): Timer {
    return this.#options.clock.setTimeout(() => this.remove(id), this.#limits.lifetime);
  }
}

function notFound(): RpcError {
  return new RpcError('failed', 'filter not found');
}

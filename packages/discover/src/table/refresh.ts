import type { Clock, Timer } from '@devp2p/clock';
import type { RandomSource } from '@devp2p/random';

/** First delay of the refresh of an empty table, in milliseconds. It doubles each time. */
const emptyTableDelay = 5_000;

/** Options of {@link Refresh}. */
export interface RefreshOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Longest time between two refreshes in milliseconds; the shortest is half of it. */
  readonly interval: number;
  readonly isTableEmpty: () => boolean;
  /** Fills the table. */
  readonly refresh: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Schedules the refresh of the table: at random intervals, and soon if the table is empty. */
export class Refresh {
  readonly #options: RefreshOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #emptyTableDelay: number = emptyTableDelay;
  #stopped = false;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** The current refresh, if one is running. Never rejects. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Starts a refresh, unless one is running. Returns the running one. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#timer?.cancel();
    const { refresh, onFailure } = this.#options;
    this.#running ??= refresh()
      .catch(onFailure)
      .finally(() => {
        this.#running = undefined;
        this.schedule();
      });
    return this.#running;
  }

  /** Schedules the next refresh. Also called when the table becomes empty. */
  schedule(): void {
    if (this.#running || this.#stopped) return;
    const { clock, random, interval, isTableEmpty } = this.#options;
    let delay = (interval / 2) * (1 + random.fraction());
    if (isTableEmpty()) {
      delay = Math.min(delay, this.#emptyTableDelay);
      this.#emptyTableDelay *= 2;
    } else {
      this.#emptyTableDelay = emptyTableDelay;
    }
    this.#timer?.cancel();
    this.#timer = clock.setTimeout(() => this.run(), delay);
  }

  /** Stops the schedule. A running refresh continues. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}

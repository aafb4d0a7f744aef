import type { Clock, Timer } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/crypto';
import { fraction } from './random.ts';

/** An empty table is refreshed sooner: after this many ms at first, then after twice as many each time. */
const EMPTY_TABLE_DELAY = 5_000;

/** What {@link Refresh} is made with. */
export interface RefreshOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Longest time between two refreshes, in ms; the shortest is half of it. */
  readonly interval: number;
  readonly isTableEmpty: () => boolean;
  /** Fills the table. */
  readonly work: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Says when the table is to be refreshed: from time to time, and soon when it is empty. */
export class Refresh {
  readonly #options: RefreshOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #emptyTableDelay: number = EMPTY_TABLE_DELAY;
  #stopped = false;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** The refresh that is under way, if one is. Never rejects. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Refreshes now. One at a time: whoever wants another gets the one that is under way. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#timer?.cancel();
    const { work, onFailure } = this.#options;
    this.#running ??= work()
      .catch(onFailure)
      .finally(() => {
        this.#running = undefined;
        this.schedule();
      });
    return this.#running;
  }

  /** Sets the time of the next refresh; also called when the table has run empty. */
  schedule(): void {
    if (this.#running || this.#stopped) return;
    const { clock, random, interval, isTableEmpty } = this.#options;
    let delay = (interval / 2) * (1 + fraction(random));
    if (isTableEmpty()) {
      delay = Math.min(delay, this.#emptyTableDelay);
      this.#emptyTableDelay *= 2;
    } else {
      this.#emptyTableDelay = EMPTY_TABLE_DELAY;
    }
    this.#timer?.cancel();
    this.#timer = clock.setTimeout(() => this.run(), delay);
  }

  /** No refresh begins after this. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}

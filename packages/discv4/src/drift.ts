import type { Clock } from '@devp2p/clock';

/**
 * Asks somebody who knows what time it is.
 *
 * @returns how far the local wall clock is ahead of the true time, in ms; negative when it is behind.
 */
export type Sntp = (options: { signal: AbortSignal }) => Promise<number>;

/** What {@link DriftMonitor} is made with. */
export interface DriftOptions {
  readonly clock: Clock;
  readonly sntp: Sntp;
  readonly signal: AbortSignal;
  /** Timeouts in a row, of which one more brings a check. */
  readonly timeouts: number;
  /** ms between two checks. */
  readonly interval: number;
  /** ms of drift above which to warn. */
  readonly tolerance: number;
  readonly onDrift: (drift: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * A wrong clock makes all our packets expired to others, and theirs to us: nobody answers any more. So when nobody
 * does, the clock is checked.
 */
export class DriftMonitor {
  readonly #options: DriftOptions;
  #timeouts = 0;
  #lastCheck = Number.NEGATIVE_INFINITY;

  constructor(options: DriftOptions) {
    this.#options = options;
  }

  answered(): void {
    this.#timeouts = 0;
  }

  timedOut(): void {
    const { clock, timeouts, interval } = this.#options;
    if (++this.#timeouts <= timeouts) return;
    this.#timeouts = 0;
    const now = clock.monotonic();
    if (now - this.#lastCheck < interval) return;
    this.#lastCheck = now;
    this.#check();
  }

  #check(): void {
    const { sntp, signal, tolerance, onDrift, onFailure } = this.#options;
    sntp({ signal }).then(
      (drift) => {
        if (Math.abs(drift) > tolerance) onDrift(drift);
      },
      (error: unknown) => {
        if (!signal.aborted) onFailure(error);
      },
    );
  }
}

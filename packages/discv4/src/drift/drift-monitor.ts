import type { Clock } from '@devp2p/clock';

/**
 * Measures the drift of the local clock, such as by SNTP.
 *
 * @returns how far the local wall clock is ahead of the true time, in milliseconds; negative if it is behind
 */
export type Sntp = (options: { signal: AbortSignal }) => Promise<number>;

/** Options of {@link DriftMonitor}. */
export interface DriftOptions {
  readonly clock: Clock;
  readonly sntp: Sntp;
  readonly signal: AbortSignal;
  /** Timeouts in a row above which the clock is checked. */
  readonly timeouts: number;
  /** Shortest time between two checks, in milliseconds. */
  readonly interval: number;
  /** Drift above which `onDrift` is called, in milliseconds. */
  readonly tolerance: number;
  readonly onDrift: (drift: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Checks the local clock when requests keep timing out. With a wrong clock, all packets are expired at their receiver,
 * so no node responds.
 */
export class DriftMonitor {
  readonly #options: DriftOptions;
  #timeouts = 0;
  #lastCheck = Number.NEGATIVE_INFINITY;

  constructor(options: DriftOptions) {
    this.#options = options;
  }

  /** Records a response. */
  onResponse(): void {
    this.#timeouts = 0;
  }

  /** Records a timeout. */
  onTimeout(): void {
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

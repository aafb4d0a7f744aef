import type { Clock } from '@devp2p/clock';

/** How many items one peer is asked for at a time. */
export interface PaceLimits {
  /** Of the first request. */
  readonly first: number;
  /** At most; what peers serve in one answer. */
  readonly most: number;
}

/** A request should take about this long: the rate is measured well, and little is lost when it fails. */
const targetTime = 1_000;
/** Weight of the newest measurement. */
const weight = 0.3;
/** Milliseconds without requests after a failure; doubled with each further one up to the longest. */
const firstPause = 500;
const longestPause = 30_000;
/** A second request waits at the peer while the answer to the first is worked on. */
const maxInFlight = 2;

/** Follows the rate at which one peer delivers items of one kind, and rests a peer that fails to. */
export class Pace {
  inFlight = 0;
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  #rate: number;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#rate = limits.first / targetTime;
  }

  /** Items per millisecond. */
  get rate(): number {
    return this.#rate;
  }

  /** Items to ask for next. */
  get limit(): number {
    return Math.max(1, Math.min(this.#limits.most, Math.round(this.#rate * targetTime)));
  }

  /** Milliseconds until the peer may be asked again; 0 when it may now. */
  get pause(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.monotonic());
  }

  get ready(): boolean {
    return this.inFlight < maxInFlight && this.pause === 0;
  }

  delivered(items: number, time: number): void {
    this.#failures = 0;
    const measured = items / Math.max(1, time);
    // A short answer to a short question says little about what the peer can do.
    const steps = Math.min(measured, this.#rate * 4);
    this.#rate += weight * (steps - this.#rate);
  }

  /** Nothing came: the peer took too long, or does not have what it was asked for. */
  failed(): void {
    this.#rate = Math.max(this.#rate / 2, 1 / targetTime);
    this.#pausedUntil =
      this.#clock.monotonic() + Math.min(firstPause * 2 ** this.#failures, longestPause);
    this.#failures += 1;
  }
}

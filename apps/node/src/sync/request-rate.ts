import type { Clock } from '@devp2p/clock';

/** Number of items in a request to one peer. */
export interface RequestSize {
  /** In the first request. */
  readonly first: number;
  /** In any request: the number that peers serve at most. */
  readonly max: number;
}

/** Time that a request should take, in ms: long enough to measure the rate, short enough to lose little on failure. */
const targetTime = 1_000;
/** Weight of the newest measurement. */
const weight = 0.3;
/** Pause after a failure, in ms; it doubles with each further failure up to the limit. */
const firstPause = 500;
const maxPause = 30_000;
/** Requests in flight: the second waits at the peer while the response to the first is processed. */
const maxInFlight = 2;

/** Measures the rate at which a peer delivers items of one kind, and pauses a peer that fails. */
export class RequestRate {
  inFlight = 0;
  readonly #clock: Clock;
  readonly #requestSize: RequestSize;
  #itemsPerMs: number;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, requestSize: RequestSize) {
    this.#clock = clock;
    this.#requestSize = requestSize;
    this.#itemsPerMs = requestSize.first / targetTime;
  }

  get itemsPerMs(): number {
    return this.#itemsPerMs;
  }

  /** Items of the next request. */
  get size(): number {
    const size = Math.round(this.#itemsPerMs * targetTime);
    return Math.max(1, Math.min(this.#requestSize.max, size));
  }

  /** Time until the peer gets the next request, in ms; 0 for now. */
  get pause(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.monotonic());
  }

  get isReady(): boolean {
    return this.inFlight < maxInFlight && this.pause === 0;
  }

  /**
   * Adds a measurement.
   *
   * @param time in ms
   */
  onDelivered(items: number, time: number): void {
    this.#failures = 0;
    const measured = items / Math.max(1, time);
    // A short response to a small request is a poor measurement, so the rate grows to four times at most.
    const limited = Math.min(measured, this.#itemsPerMs * 4);
    this.#itemsPerMs += weight * (limited - this.#itemsPerMs);
  }

  /** Records a timeout or an empty response. */
  onFailed(): void {
    this.#itemsPerMs = Math.max(this.#itemsPerMs / 2, 1 / targetTime);
    const pause = Math.min(firstPause * 2 ** this.#failures, maxPause);
    this.#pausedUntil = this.#clock.monotonic() + pause;
    this.#failures += 1;
  }
}

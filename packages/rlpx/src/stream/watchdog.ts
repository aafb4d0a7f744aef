import type { Clock, Timer } from '@devp2p/clock';

/**
 * Detects a lack of progress for `ms` milliseconds. Progress only records the time: the timer checks it on expiry and is
 * restarted for the rest.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onStall: () => void;
  #timer: Timer | undefined;
  #since = 0;
  #watching = false;

  constructor(clock: Clock, ms: number, onStall: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onStall = onStall;
  }

  /** Starts to watch, with progress now. */
  start(): void {
    this.touch();
    this.#watching = true;
    this.#timer ??= this.#clock.setTimeout(() => this.#expire(), this.#ms);
  }

  /** Records progress. */
  touch(): void {
    this.#since = this.#clock.monotonic();
  }

  /** Stops watching. The timer keeps running, since most pauses are shorter. */
  pause(): void {
    this.#watching = false;
  }

  close(): void {
    this.#watching = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #expire(): void {
    this.#timer = undefined;
    if (!this.#watching) return;
    const left = this.#since + this.#ms - this.#clock.monotonic();
    if (left > 0) this.#timer = this.#clock.setTimeout(() => this.#expire(), left);
    else this.#onStall();
  }
}

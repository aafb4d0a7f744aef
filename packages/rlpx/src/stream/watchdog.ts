import type { Clock, Timer } from '@devp2p/clock';

/**
 * Notices when something that should go on has stood still for `ms` milliseconds. Signs of life only write down the
 * time: the timer looks at that when it runs out, and is set anew for what is left.
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

  /** Begins to watch, as if there had been a sign of life now. */
  start(): void {
    this.touch();
    this.#watching = true;
    this.#timer ??= this.#clock.setTimeout(() => this.#expire(), this.#ms);
  }

  /** A sign of life. */
  touch(): void {
    this.#since = this.#clock.monotonic();
  }

  /** Stops watching for a while. The timer is left to run out, for a pause is mostly shorter than that. */
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

import { type Clock, sleep } from '@devp2p/clock';

/** Length of the window in milliseconds. */
const windowLength = 1000;

/** Limits the requests in any window of one second. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** Times of the requests in the last second. */
  readonly #granted: number[] = [];

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Resolves when one more request is allowed. A waiting call reserves nothing, so that an abort delays no other call. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const now = this.#clock.monotonic();
      const next = this.#nextAt(now);
      if (next <= now) {
        this.#granted.push(now);
        return;
      }
      await sleep(this.#clock, next - now, { signal });
    }
  }

  #nextAt(now: number): number {
    const first = this.#granted.findIndex((time) => time + windowLength > now);
    this.#granted.splice(0, first < 0 ? this.#granted.length : first);
    const [oldest] = this.#granted;
    return oldest === undefined || this.#granted.length < this.#perSecond ? now : oldest + windowLength;
  }
}

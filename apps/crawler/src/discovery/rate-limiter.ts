import { type Clock, sleep } from '@devp2p/clock';

/** Milliseconds' worth of permits that may be used at once; a burst has to fit into the buffers of a socket. */
const maxBurst = 50;

/** Limits a rate, with bursts of at most a twentieth of a second's permits. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #burst: number;
  /** Time of the next permit if all were evenly spaced; monotonic. */
  #next = Number.NEGATIVE_INFINITY;

  /** @param perSecond permits per second; may be a fraction or `Infinity` */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#interval = 1000 / perSecond;
    this.#burst = Math.max(maxBurst, this.#interval);
  }

  /** Takes a permit. Returns `undefined` if it is available now, otherwise resolves when it is. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    this.#next = Math.max(this.#next, now - this.#burst) + this.#interval;
    const wait = this.#next - now;
    return wait <= 0 ? undefined : sleep(this.#clock, wait, { signal });
  }
}

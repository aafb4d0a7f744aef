import { type Clock, sleep } from '@devp2p/clock';

const WINDOW = 1000;

/** Lets at most `perSecond` go in any second, whoever asks. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** When those of the last second were let go. */
  readonly #granted: number[] = [];

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Resolves when one more may go. Nothing is reserved while it waits, so giving up costs nobody a turn. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const now = this.#clock.monotonic();
      const room = this.#roomAt(now);
      if (room <= now) {
        this.#granted.push(now);
        return;
      }
      await sleep(this.#clock, room - now, { signal });
    }
  }

  #roomAt(now: number): number {
    const first = this.#granted.findIndex((time) => time + WINDOW > now);
    this.#granted.splice(0, first < 0 ? this.#granted.length : first);
    const [oldest] = this.#granted;
    return oldest === undefined || this.#granted.length < this.#perSecond ? now : oldest + WINDOW;
  }
}

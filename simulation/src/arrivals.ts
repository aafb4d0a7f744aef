import type { Clock } from '@devp2p/clock';

/** Runs work later. Times are delayed to the next multiple of the grain, so that much work shares one timer. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #grain: number;
  readonly #work = new Map<number, (() => void)[]>();

  /** @param grain in ms */
  constructor(clock: Clock, grain: number) {
    this.#clock = clock;
    this.#grain = grain;
  }

  later(ms: number, work: () => void): void {
    const at = Math.ceil((this.#clock.monotonic() + ms) / this.#grain) * this.#grain;
    const others = this.#work.get(at);
    if (others) {
      others.push(work);
      return;
    }
    const all = [work];
    this.#work.set(at, all);
    this.#clock.setTimeout(() => {
      this.#work.delete(at);
      for (const one of all) one();
    }, at - this.#clock.monotonic());
  }
}

/** How many are let through at first, and how far apart the others are, in ms. */
const FIRST = 3;
const INTERVAL = 30_000;

/** Lets through what would otherwise fill the log: the first three, then one in 30 s. */
export class Occasionally {
  #passed = 0;
  #suppressed = 0;
  #last = 0;

  /** @returns how many were suppressed since the last that passed, `undefined` if this one is as well. */
  pass(now: number): number | undefined {
    if (this.#passed >= FIRST && now - this.#last < INTERVAL) {
      this.#suppressed++;
      return undefined;
    }
    const suppressed = this.#suppressed;
    this.#passed++;
    this.#suppressed = 0;
    this.#last = now;
    return suppressed;
  }
}

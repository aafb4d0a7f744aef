/** Number of first events that pass, and least time between the later ones, in ms. */
const unlimited = 3;
const interval = 30_000;

/** Limits events that would fill the log: the first three pass, then one in 30 s. */
export class LogThrottle {
  #passed = 0;
  #suppressed = 0;
  #last = 0;

  /**
   * Returns the number of events suppressed since the last one that passed, or `undefined` if this one is suppressed.
   */
  pass(now: number): number | undefined {
    if (this.#passed >= unlimited && now - this.#last < interval) {
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

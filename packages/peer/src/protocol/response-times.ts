/** Adapts the timeout of requests to a peer's earlier response times (RFC 6298, with bounds). */
export class ResponseTimes {
  readonly #minTimeout: number;
  readonly #maxTimeout: number;
  #mean: number | undefined;
  #deviation = 0;
  #timeout: number;

  /**
   * @param minTimeout shortest timeout in ms, however fast the peer has been
   * @param maxTimeout longest timeout in ms, and the first one
   */
  constructor(minTimeout: number, maxTimeout: number) {
    this.#minTimeout = minTimeout;
    this.#maxTimeout = maxTimeout;
    this.#timeout = maxTimeout;
  }

  /** Smoothed response time in ms; `undefined` before the first response. */
  get mean(): number | undefined {
    return this.#mean;
  }

  /** Timeout of the next request in ms. */
  get timeout(): number {
    return this.#timeout;
  }

  /** Records a response that took `ms` milliseconds. */
  add(ms: number): void {
    if (this.#mean === undefined) {
      this.#mean = ms;
      this.#deviation = ms / 2;
    } else {
      this.#deviation += (Math.abs(this.#mean - ms) - this.#deviation) / 4;
      this.#mean += (ms - this.#mean) / 8;
    }
    this.#setTimeout(this.#mean + 4 * this.#deviation);
  }

  /** Records a timeout: the next one is twice as long. */
  timedOut(): void {
    this.#setTimeout(this.#timeout * 2);
  }

  #setTimeout(ms: number): void {
    this.#timeout = Math.min(this.#maxTimeout, Math.max(this.#minTimeout, ms));
  }
}

/** No answer is given up on earlier, however fast the peer was so far, in ms. */
const minTimeout = 2000;
/** The longest wait for an answer, and the first one's, in ms. */
const maxTimeout = 20_000;

/** How long to wait for a peer's answers, from how long earlier ones took (RFC 6298, with bounds of ours). */
export class ResponseTimes {
  #mean: number | undefined;
  #deviation = 0;
  #timeout = maxTimeout;

  /** Smoothed time from question to answer in ms; `undefined` before the first answer. */
  get mean(): number | undefined {
    return this.#mean;
  }

  /** How long to wait for the next answer, 2000 to 20,000 ms. */
  get timeout(): number {
    return this.#timeout;
  }

  /** An answer came after this many ms. */
  answered(ms: number): void {
    if (this.#mean === undefined) {
      this.#mean = ms;
      this.#deviation = ms / 2;
    } else {
      this.#deviation += (Math.abs(this.#mean - ms) - this.#deviation) / 4;
      this.#mean += (ms - this.#mean) / 8;
    }
    this.#set(this.#mean + 4 * this.#deviation);
  }

  /** An answer did not come in time: be more patient with the next. */
  timedOut(): void {
    this.#set(this.#timeout * 2);
  }

  #set(ms: number): void {
    this.#timeout = Math.min(maxTimeout, Math.max(minTimeout, ms));
  }
}

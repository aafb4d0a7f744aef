/** Half-life of the transient part in ms, as btcd's `Halflife`. */
const halfLife = 60_000;

/** Time after which the transient part is 0, in ms, as btcd's `Lifetime`. */
const lifetime = 1_800_000;

/**
 * Ban score of a peer: a persistent part, and a transient part that decays. Times are arguments, in ms of a monotonic
 * clock. The figures are those of btcd's `DynamicBanScore`.
 */
export class BanScore {
  #persistent = 0;
  #transient = 0;
  #since = 0;

  /** Returns the score, an integer. */
  value(now: number): number {
    return this.#persistent + Math.floor(this.#decayed(now));
  }

  /** Adds to both parts, to the transient one after its decay. @returns the score */
  increase(persistent: number, transient: number, now: number): number {
    this.#persistent += persistent;
    if (transient > 0) {
      this.#transient = this.#decayed(now) + transient;
      this.#since = now;
    }
    return this.value(now);
  }

  #decayed(now: number): number {
    const age = Math.max(0, now - this.#since);
    return age > lifetime ? 0 : this.#transient * 2 ** (-age / halfLife);
  }
}

/** Ban scores by address range. Bounded: the score that was not increased for the longest time is dropped. */
export class BanScores {
  readonly #scores = new Map<string, BanScore>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** @see BanScore.increase */
  increase(key: string, persistent: number, transient: number, now: number): number {
    const score = this.#scores.get(key) ?? new BanScore();
    this.#scores.delete(key);
    this.#scores.set(key, score);
    const [oldest] = this.#scores.keys();
    if (this.#scores.size > this.#max && oldest !== undefined) this.#scores.delete(oldest);
    return score.increase(persistent, transient, now);
  }
}

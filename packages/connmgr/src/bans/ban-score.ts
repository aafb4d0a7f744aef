/** After so many ms half of the transient part is left: btcd's `Halflife`. */
const HALF_LIFE = 60_000;

/** After so many ms nothing of the transient part is left: btcd's `Lifetime`. */
const LIFETIME = 1_800_000;

/**
 * How badly somebody has behaved: a part that stays, and a part that decays. Pure in time, which is handed in: ms of a
 * monotonic clock. The figures are those of btcd's `DynamicBanScore`.
 */
export class BanScore {
  #persistent = 0;
  #transient = 0;
  #since = 0;

  /** The score now, a whole number. */
  value(now: number): number {
    return this.#persistent + Math.floor(this.#decayed(now));
  }

  /** Adds to both parts, to the second after it has decayed, and returns the score. */
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
    return age > LIFETIME ? 0 : this.#transient * 2 ** (-age / HALF_LIFE);
  }
}

/** Scores by who has them. Bounded: whoever was forgotten longest starts anew. */
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

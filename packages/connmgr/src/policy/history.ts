/** Keys that expire after a fixed time. Bounded: the oldest are dropped first. */
export class History {
  /** Expiry of each key, the earliest first. */
  readonly #until = new Map<string, number>();
  readonly #duration: number;
  readonly #max: number;

  /** @param duration in ms */
  constructor(duration: number, max: number) {
    this.#duration = duration;
    this.#max = max;
  }

  add(key: string, now: number): void {
    this.#until.delete(key);
    this.#until.set(key, now + this.#duration);
    for (const [oldest, until] of this.#until) {
      if (until > now && this.#until.size <= this.#max) break;
      this.#until.delete(oldest);
    }
  }

  has(key: string, now: number): boolean {
    return this.until(key) > now;
  }

  /** Returns the expiry of a key; 0 if it is unknown. */
  until(key: string): number {
    return this.#until.get(key) ?? 0;
  }
}

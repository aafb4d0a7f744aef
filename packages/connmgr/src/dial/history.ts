/** Keys that are remembered for the same time each. Bounded: the oldest go first. */
export class History {
  /** When each key is forgotten, the soonest first. */
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

  /** When the key is forgotten; 0 when it is not known. */
  until(key: string): number {
    return this.#until.get(key) ?? 0;
  }
}

/** A set of hashes, in hex, from which the oldest ones are removed. */
export class RecentHashes {
  readonly #max: number;
  readonly #keys = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > this.#max && oldest !== undefined) this.#keys.delete(oldest);
  }
}

/**
 * A cache of a bounded number of bytes. Entries are in two generations: a full new one becomes the old one, whose
 * remaining entries are dropped, so that an entry that is used costs one look-up and no list is kept in order.
 */
export class RecentCache<V extends NonNullable<unknown> | null> {
  readonly #limit: number;
  readonly #sizeOf: (value: V) => number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #bytes = 0;

  /**
   * @param bytes memory for both generations
   * @param sizeOf memory of an entry, about
   */
  constructor(bytes: number, sizeOf: (value: V) => number) {
    this.#limit = bytes / 2;
    this.#sizeOf = sizeOf;
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    const before = this.#young.get(key);
    this.#young.set(key, value);
    this.#bytes += this.#sizeOf(value);
    if (before !== undefined) this.#bytes -= this.#sizeOf(before);
    if (this.#bytes < this.#limit) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = 0;
  }

  delete(key: string): void {
    const before = this.#young.get(key);
    if (before !== undefined) {
      this.#young.delete(key);
      this.#bytes -= this.#sizeOf(before);
    }
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#bytes = 0;
  }
}

/** What is left to visit in one half of a tree, records or links, in one pass over it. */
export class Frontier {
  /** The hash with which it begins. */
  readonly root: string;
  /** Records or links that were found. */
  leaves = 0;
  /** Entries that could not be had. */
  failures = 0;
  readonly #limit: number;
  readonly #pending: string[];
  readonly #seen: Set<string>;

  constructor(root: string, limit: number) {
    this.root = root;
    this.#limit = limit;
    this.#pending = [root];
    this.#seen = new Set([root]);
  }

  /** Whether everything was visited. */
  get done(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * Takes out one of the entries that are left.
   *
   * @throws RangeError when none is.
   */
  take(pick: (length: number) => number): string {
    const index = pick(this.#pending.length);
    const hash = this.#pending[index];
    const last = this.#pending.pop();
    if (hash === undefined || last === undefined) throw new RangeError('nothing left to visit');
    if (index < this.#pending.length) this.#pending[index] = last;
    return hash;
  }

  /**
   * Adds the children of a branch, but each entry only once in a pass: branches may share children, which would
   * multiply from level to level.
   *
   * @returns false when the limit left some out.
   */
  add(children: readonly string[]): boolean {
    for (const hash of children) {
      if (this.#seen.has(hash)) continue;
      if (this.#seen.size >= this.#limit) return false;
      this.#seen.add(hash);
      this.#pending.push(hash);
    }
    return true;
  }
}

import type { RandomSource } from '@devp2p/random';

/** Entries of one half of a tree, records or links, that are not visited yet in the current pass. */
export class Frontier {
  /** Hash of the first entry. */
  readonly root: string;
  /** Number of records or links found. */
  leaves = 0;
  /** Number of failed entries. */
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

  /** Whether all entries are visited. */
  get done(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * Removes and returns one of the remaining entries.
   *
   * @throws RangeError if all entries are visited
   */
  take(random: RandomSource): string {
    const index = random.below(this.#pending.length);
    const hash = this.#pending[index];
    const last = this.#pending.pop();
    if (hash === undefined || last === undefined) throw new RangeError('no entries left to visit');
    if (index < this.#pending.length) this.#pending[index] = last;
    return hash;
  }

  /**
   * Adds the children of a branch. Each entry is added once per pass: branches may share children, which would multiply
   * from level to level.
   *
   * @returns false if the limit left out some children
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

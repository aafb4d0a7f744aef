import type { KeyRange } from './database.ts';

/**
 * A named part of a database, with keys of its own: `!name!` before each key, the form in which abstract-level's own
 * sublevels store them, so that other programs can read a part by its name.
 */
export class Sublevel {
  readonly #prefix: Uint8Array;

  /** @param name lower-case letters and hyphens */
  constructor(name: string) {
    this.#prefix = new TextEncoder().encode(`!${name}!`);
  }

  /** The key of an entry in the database. */
  key(suffix: Uint8Array): Uint8Array {
    const key = this.allocate(suffix.length);
    key.set(suffix, key.length - suffix.length);
    return key;
  }

  /** A key whose last `length` bytes are to be filled in. */
  allocate(length: number): Uint8Array {
    const key = new Uint8Array(this.#prefix.length + length);
    key.set(this.#prefix);
    return key;
  }

  /** All keys of the sublevel. */
  get all(): KeyRange {
    const to = this.#prefix.slice();
    to[to.length - 1] = (to.at(-1) ?? 0) + 1;
    return { from: this.#prefix, to };
  }
}

import { toHex } from '@devp2p/enr';
import { equalBytes } from '../chain/bytes.ts';

/** Refused blocks that are remembered, the latest. */
const maxRefused = 1024;

/** What the consensus layer has chosen, and which blocks it must not choose. */
export class Consensus {
  #head: Uint8Array | undefined;
  readonly #refused = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  /** Hash of the block that is to be the head; `undefined` as long as nobody has said so. */
  get head(): Uint8Array | undefined {
    return this.#head;
  }

  choose(head: Uint8Array): void {
    if (this.#head !== undefined && equalBytes(this.#head, head)) return;
    this.#head = head;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back when another head is chosen. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Remembers that a block breaks a rule, and which. */
  refuse(hash: Uint8Array, reason: string): void {
    const key = toHex(hash);
    this.#refused.delete(key);
    this.#refused.set(key, reason);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > maxRefused && oldest !== undefined) this.#refused.delete(oldest);
  }

  /** The rule that a block breaks, as far as is known. */
  refusal(hash: Uint8Array): string | undefined {
    return this.#refused.get(toHex(hash));
  }
}

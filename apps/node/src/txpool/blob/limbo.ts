import type { Log } from '../../logging/log.ts';
import type { BlobFileHead, BlobFiles } from './blob-files.ts';

/** Blocks below the head after which an included transaction is removed, although its block is not final. */
const maxDepth = 256;

/**
 * Blob transactions of blocks that are not final (TP-20): a reorganization brings them back with their blobs, which are
 * not part of the blocks.
 */
export class Limbo {
  readonly #files: BlobFiles;
  readonly #log: Log;
  /** Number of the block by key. */
  readonly #numbers = new Map<string, number>();

  constructor(files: BlobFiles, log: Log) {
    this.#files = files;
    this.#log = log;
  }

  get size(): number {
    return this.#numbers.size;
  }

  has(key: string): boolean {
    return this.#numbers.has(key);
  }

  async load(): Promise<void> {
    for (const { key, number } of await this.#files.loadLimbo()) this.#numbers.set(key, number);
  }

  /** Moves a transaction of the pool aside. */
  async add(key: string, number: number): Promise<void> {
    await this.#attempt(async () => {
      await this.#files.include({ key, number });
      this.#numbers.set(key, number);
    });
  }

  /** Records the block of another branch with a transaction that is aside. */
  async move(key: string, number: number): Promise<void> {
    const before = this.#numbers.get(key);
    if (before === undefined || before === number) return;
    await this.#attempt(async () => {
      await this.#files.moveLimbo({ key, number: before }, number);
      this.#numbers.set(key, number);
    });
  }

  /** Moves a transaction back to the pool. @returns `undefined` for a missing or damaged one */
  async take(key: string): Promise<{ readonly head: BlobFileHead; readonly length: number } | undefined> {
    const number = this.#numbers.get(key);
    if (number === undefined) return undefined;
    this.#numbers.delete(key);
    return this.#files.restore({ key, number });
  }

  /** Removes what a reorganization cannot bring back. @param finalized number of the last final block */
  async finalize(finalized: number, head: number): Promise<void> {
    const last = Math.max(finalized, head - maxDepth);
    for (const [key, number] of this.#numbers) {
      if (number > last) continue;
      this.#numbers.delete(key);
      await this.#attempt(() => this.#files.finalize({ key, number }));
    }
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#log.warn({ error }, 'a file of an included blob transaction cannot be moved');
    }
  }
}

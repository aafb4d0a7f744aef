import type { BlockRef } from '../../storage/schema.ts';
import { keyOf } from './keys.ts';

/** The blocks whose states the database leads to: its head, and its ancestors as far as there are differences. */
export class StateHistory {
  /** Ascending; the last is the head, and each but the first has a difference. */
  readonly #blocks: BlockRef[];
  readonly #numbers = new Map<string, number>();

  /** @param blocks successive blocks, at least one */
  constructor(blocks: readonly BlockRef[]) {
    this.#blocks = [...blocks];
    for (const { number, hash } of blocks) this.#numbers.set(keyOf(hash), number);
  }

  /** The first block with a difference; one after the head if no block has any. */
  get firstDifference(): number {
    return this.first.number + 1;
  }

  get first(): BlockRef {
    return this.#blocks[0] as BlockRef;
  }

  /** Number of differences. */
  get depth(): number {
    return this.#blocks.length - 1;
  }

  /** Number of a block; `undefined` if it is not one of these. */
  numberOf(hash: Uint8Array): number | undefined {
    return this.#numbers.get(keyOf(hash));
  }

  /** Blocks from the head down to its oldest reachable ancestor. */
  *descending(): IterableIterator<BlockRef> {
    for (let i = this.#blocks.length - 1; i >= 0; i--) yield this.#blocks[i] as BlockRef;
  }

  /** The block with a number. */
  at(number: number): BlockRef | undefined {
    return this.#blocks[number - this.first.number];
  }

  /**
   * Plans the step of the head along `undone` blocks back and `added` blocks forward.
   *
   * @param depth differences to keep
   * @param limit differences to remove at most, besides those of `added`
   */
  plan(undone: readonly BlockRef[], added: readonly BlockRef[], depth: number, limit: number): HistoryPlan {
    const kept = this.#blocks.length - undone.length;
    const count = Math.max(0, Math.min(limit + added.length, kept - 1 + added.length - depth));
    // The new first block is reached from its child, so the differences go up to its own.
    const pruned: BlockRef[] = [];
    for (let i = 1; i <= count; i++) pruned.push((i < kept ? this.#blocks[i] : added[i - kept]) as BlockRef);
    return { undone, added, pruned };
  }

  /** Carries out a plan. */
  follow({ undone, added, pruned }: HistoryPlan): void {
    for (const { hash } of undone) this.#numbers.delete(keyOf(hash));
    this.#blocks.splice(this.#blocks.length - undone.length, undone.length, ...added);
    for (const { number, hash } of added) this.#numbers.set(keyOf(hash), number);
    for (const { hash } of this.#blocks.splice(0, pruned.length)) this.#numbers.delete(keyOf(hash));
  }
}

/** @see StateHistory.plan */
export interface HistoryPlan {
  /** Blocks that are undone, descending from the head. */
  readonly undone: readonly BlockRef[];
  /** Blocks on top of the rest, ascending. */
  readonly added: readonly BlockRef[];
  /** Blocks whose differences are removed. */
  readonly pruned: readonly BlockRef[];
}

import type { AccountState, SlotState } from './account-state.ts';

/** The name of a field of an account or slot. */
export type Change = keyof AccountState | keyof SlotState;

/** Former values of fields, in the order of their changes. Nothing is kept while no checkpoint is open. */
export class UndoLog {
  /** Object, field, former value; flat, since a transaction may make a million changes. */
  readonly #entries: unknown[] = [];
  readonly #checkpoints: number[] = [];

  push(target: object, field: Change, former: unknown): void {
    if (this.#checkpoints.length > 0) this.#entries.push(target, field, former);
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#entries.length);
  }

  commit(): void {
    if (this.#checkpoints.pop() === undefined) throw new Error('no open checkpoint');
    if (this.#checkpoints.length === 0) this.#entries.length = 0;
  }

  revert(): void {
    const start = this.#checkpoints.pop();
    if (start === undefined) throw new Error('no open checkpoint');
    const entries = this.#entries;
    for (let i = entries.length - 3; i >= start; i -= 3) {
      (entries[i] as Record<string, unknown>)[entries[i + 1] as string] = entries[i + 2];
    }
    entries.length = start;
  }

  /** @throws Error if a checkpoint is open */
  clear(): void {
    if (this.#checkpoints.length > 0) throw new Error('open checkpoint');
  }
}

import { storageIdOf } from './keys.ts';
import { droppedOfKey, rangeBelow, storageRange, sublevels } from './schema.ts';
import type { StateBatch, StateDatabase } from './state-database.ts';
import type { StateLayer } from './state-layer.ts';

/** Storages that one commit deletes at most. */
const storagesAtOnce = 64;
/** Slots and nodes that one commit deletes at most. */
const keysAtOnce = 4096;

/** Deletes the slots and nodes of dropped storages to which no difference leads any more, in bounded pieces. */
export class StorageSweeper {
  readonly #database: StateDatabase;
  readonly #write: (batch: StateBatch) => Promise<void>;
  /** No storage was dropped by a block before this one. */
  #first = Number.POSITIVE_INFINITY;

  /** @param write writes a batch, and notes if that fails */
  constructor(database: StateDatabase, write: (batch: StateBatch) => Promise<void>) {
    this.#database = database;
    this.#write = write;
  }

  /** Finds the storages that remained from an earlier run. */
  async prepare(): Promise<void> {
    const [first] = await this.#database.keys(sublevels.dropped.all, 1);
    this.#first = first === undefined ? Number.POSITIVE_INFINITY : droppedOfKey(first).number;
  }

  /** Takes notice of the storages that written layers dropped. */
  noteDropped(layers: readonly StateLayer[]): void {
    for (const { step, number } of layers) {
      if (step?.type === 'forward' && step.difference.dropped.length > 0) this.#first = Math.min(this.#first, number);
      if (step?.type === 'back' && step.difference.created.length > 0) this.#first = 0;
    }
  }

  /** Deletes some storages that were dropped before a block. */
  async sweep(before: number): Promise<void> {
    if (this.#first >= before) return;
    const dropped = await this.#database.keys(rangeBelow('dropped', before), storagesAtOnce);
    let room = keysAtOnce;
    for (const key of dropped) {
      const { number, storageKey } = droppedOfKey(key);
      const id = storageIdOf(storageKey);
      const batch = this.#database.batch();
      for (const kind of ['slots', 'nodes'] as const) {
        if (room <= 0) continue;
        const keys = await this.#database.keys(storageRange(kind, id), room);
        room -= keys.length;
        for (const found of keys) batch.del(found);
      }
      const isWhole = room > 0;
      if (isWhole) batch.del(key);
      await this.#write(batch);
      this.#first = number;
      if (!isWhole) return;
    }
    if (dropped.length < storagesAtOnce) await this.prepare();
  }
}

import { toHex } from '@devp2p/bytes';
import type { CrawlBatch, CrawlSession, CrawlStore } from './store.ts';

/** Batches that wait for the current write, merged. */
interface PendingBatch {
  readonly nodes: Map<string, NonNullable<CrawlBatch['nodes']>[number]>;
  readonly removed: Map<string, Uint8Array>;
  readonly visits: NonNullable<CrawlBatch['visits']>[number][];
  readonly neighbors: Map<string, NonNullable<CrawlBatch['neighbors']>[number]>;
  session: CrawlSession | undefined;
}

/**
 * Writes one batch at a time, and merges the batches that are committed during a write. A commit waits for at most two
 * writes, however slow the disk is.
 */
export class BatchWriter {
  readonly #store: CrawlStore;
  #pending: PendingBatch | undefined;
  #writing: Promise<void> | undefined;

  constructor(store: CrawlStore) {
    this.#store = store;
  }

  /** Resolves when this batch and all earlier ones are in the store. */
  async commit(batch: CrawlBatch): Promise<void> {
    const isFirst = this.#pending === undefined;
    this.#merge(batch);
    // The first commit during a write waits for that write, then writes all pending batches.
    const current = this.#writing;
    if (isFirst) this.#writing = this.#writeAfter(current);
    await this.#writing;
  }

  async #writeAfter(current: Promise<void> | undefined): Promise<void> {
    await current;
    const pending = this.#pending;
    this.#pending = undefined;
    const writing = this.#writing;
    if (!pending) return;
    const { nodes, removed, visits, neighbors, session } = pending;
    await this.#store.commit({
      nodes: [...nodes.values()],
      removed: [...removed.values()],
      visits,
      neighbors: [...neighbors.values()],
      ...(session && { session }),
    });
    if (this.#writing === writing) this.#writing = undefined;
  }

  #merge(batch: CrawlBatch): void {
    this.#pending ??= {
      nodes: new Map(),
      removed: new Map(),
      visits: [],
      neighbors: new Map(),
      session: undefined,
    };
    const { nodes, removed, visits, neighbors } = this.#pending;
    for (const node of batch.nodes ?? []) {
      const key = toHex(node.id);
      nodes.set(key, node);
      removed.delete(key);
    }
    for (const id of batch.removed ?? []) {
      const key = toHex(id);
      removed.set(key, id);
      nodes.delete(key);
      neighbors.delete(key);
    }
    visits.push(...(batch.visits ?? []));
    for (const reported of batch.neighbors ?? []) neighbors.set(toHex(reported.id), reported);
    this.#pending.session = batch.session ?? this.#pending.session;
  }
}

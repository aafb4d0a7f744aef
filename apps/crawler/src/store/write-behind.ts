import { toHex } from '@devp2p/enr';
import type { CrawlBatch, CrawlSession, CrawlStore } from './store.ts';

/** Batches that are still to be written, as the one that they will be written as. */
interface Gathered {
  readonly nodes: Map<string, NonNullable<CrawlBatch['nodes']>[number]>;
  readonly removed: Map<string, Uint8Array>;
  readonly visits: NonNullable<CrawlBatch['visits']>[number][];
  readonly neighbours: Map<string, NonNullable<CrawlBatch['neighbours']>[number]>;
  session: CrawlSession | undefined;
}

/**
 * Writes one batch after another, and whatever comes in the meantime as one. However slow the disk is, nobody waits for
 * more than two writes.
 */
export class WriteBehind {
  readonly #store: CrawlStore;
  #gathered: Gathered | undefined;
  #writing: Promise<void> | undefined;

  constructor(store: CrawlStore) {
    this.#store = store;
  }

  /** Resolves when the batch, and all that came before or with it, is in the store. */
  async commit(batch: CrawlBatch): Promise<void> {
    const isFirst = this.#gathered === undefined;
    this.#gather(batch);
    // The last batch is on its way; who is first to come in the meantime waits for it and writes for all.
    const before = this.#writing;
    if (isFirst) this.#writing = this.#writeAfter(before);
    await this.#writing;
  }

  async #writeAfter(before: Promise<void> | undefined): Promise<void> {
    await before;
    const gathered = this.#gathered;
    this.#gathered = undefined;
    const writing = this.#writing;
    if (!gathered) return;
    const { nodes, removed, visits, neighbours, session } = gathered;
    await this.#store.commit({
      nodes: [...nodes.values()],
      removed: [...removed.values()],
      visits,
      neighbours: [...neighbours.values()],
      ...(session && { session }),
    });
    if (this.#writing === writing) this.#writing = undefined;
  }

  #gather(batch: CrawlBatch): void {
    this.#gathered ??= {
      ...{ nodes: new Map(), removed: new Map(), visits: [], neighbours: new Map() },
      session: undefined,
    };
    const { nodes, removed, visits, neighbours } = this.#gathered;
    for (const node of batch.nodes ?? []) {
      const key = toHex(node.id);
      nodes.set(key, node);
      removed.delete(key);
    }
    for (const id of batch.removed ?? []) {
      const key = toHex(id);
      removed.set(key, id);
      nodes.delete(key);
      neighbours.delete(key);
    }
    visits.push(...(batch.visits ?? []));
    for (const named of batch.neighbours ?? []) neighbours.set(toHex(named.id), named);
    this.#gathered.session = batch.session ?? this.#gathered.session;
  }
}

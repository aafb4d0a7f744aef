import { toHex } from '@devp2p/enr';
import type { NodeRecord, Visit } from './node-record.ts';
import type { CrawlBatch, CrawlSession, CrawlStore, Rollup } from './store.ts';

/** A store that lasts as long as the process: for simulations, tests, and a look at a small network. */
export function memoryStore(): CrawlStore {
  return new MemoryStore();
}

class MemoryStore implements CrawlStore {
  readonly #nodes = new Map<string, NodeRecord>();
  /** Keys of those that may be leased, in no order. */
  readonly #idle = new Set<string>();
  readonly #visits = new Map<string, Visit[]>();
  readonly #neighbours = new Map<string, readonly Uint8Array[]>();
  readonly #sessions = new Map<number, CrawlSession>();
  readonly #rollups: Rollup[] = [];

  async *nodes(): AsyncIterable<NodeRecord> {
    yield* this.#nodes.values();
  }

  async get(id: Uint8Array): Promise<NodeRecord | undefined> {
    return this.#nodes.get(toHex(id));
  }

  async lease(now: number, limit: number): Promise<NodeRecord[]> {
    const due = this.#idleNodes().filter(({ dueAt }) => dueAt <= now);
    const leased = due.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit);
    for (const { id } of leased) this.#idle.delete(toHex(id));
    return leased;
  }

  async nextDue(): Promise<number | undefined> {
    const [first] = this.#idleNodes().sort((a, b) => a.dueAt - b.dueAt);
    return first?.dueAt;
  }

  async commit({ nodes = [], removed = [], ...rest }: CrawlBatch): Promise<void> {
    for (const id of removed) {
      const key = toHex(id);
      for (const kept of [this.#nodes, this.#idle, this.#visits, this.#neighbours])
        kept.delete(key);
    }
    for (const node of nodes) {
      const key = toHex(node.id);
      this.#nodes.set(key, node);
      this.#idle.add(key);
    }
    for (const visit of rest.visits ?? []) {
      const key = toHex(visit.id);
      this.#visits.set(key, [visit, ...(this.#visits.get(key) ?? [])]);
    }
    for (const { id, named } of rest.neighbours ?? []) this.#neighbours.set(toHex(id), named);
    if (rest.session) {
      this.#sessions.set(rest.session.startedAt, rest.session);
      this.#rollups.push(rest.session.rollup);
    }
  }

  async *visits(id: Uint8Array): AsyncIterable<Visit> {
    yield* this.#visits.get(toHex(id)) ?? [];
  }

  async neighbours(id: Uint8Array): Promise<Uint8Array[]> {
    return [...(this.#neighbours.get(toHex(id)) ?? [])];
  }

  async *sessions(): AsyncIterable<CrawlSession> {
    yield* [...this.#sessions.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  async *rollups(): AsyncIterable<Rollup> {
    yield* this.#rollups;
  }

  async close(): Promise<void> {}

  #idleNodes(): NodeRecord[] {
    return [...this.#idle].flatMap((key) => this.#nodes.get(key) ?? []);
  }
}

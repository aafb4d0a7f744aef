import { toHex } from '@devp2p/bytes';
import { inspectableNode, inspectableVisit } from '../model/inspectable-records.ts';
import type { NodeRecord, Visit } from '../model/node-record.ts';
import type { CrawlBatch, CrawlSession, CrawlStore, Rollup } from './store.ts';

/** Creates a store in memory, for simulations, tests and crawls of small networks. */
export function createMemoryStore(): CrawlStore {
  return new MemoryStore();
}

class MemoryStore implements CrawlStore {
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #due = new DueQueue();
  readonly #visits = new Map<string, Visit[]>();
  readonly #neighbors = new Map<string, readonly Uint8Array[]>();
  readonly #sessions = new Map<number, CrawlSession>();
  /** By session and time. */
  readonly #rollups = new Map<string, Rollup>();

  async *nodes(): AsyncIterable<NodeRecord> {
    for (const node of this.#nodes.values()) yield inspectableNode(node);
  }

  async get(id: Uint8Array): Promise<NodeRecord | undefined> {
    const node = this.#nodes.get(toHex(id));
    return node && inspectableNode(node);
  }

  async lease(now: number, limit: number): Promise<NodeRecord[]> {
    const leased: NodeRecord[] = [];
    for (let due = this.#due.first; due && due.dueAt <= now; due = this.#due.first) {
      if (leased.length === limit) break;
      this.#due.shift();
      const node = this.#nodes.get(toHex(due.id));
      if (node) leased.push(node);
    }
    return leased;
  }

  async nextDue(): Promise<number | undefined> {
    return this.#due.first?.dueAt;
  }

  async commit({ nodes = [], removed = [], ...rest }: CrawlBatch): Promise<void> {
    for (const id of removed) {
      const key = toHex(id);
      for (const map of [this.#nodes, this.#visits, this.#neighbors]) map.delete(key);
      this.#due.delete(key);
    }
    for (const node of nodes) {
      const key = toHex(node.id);
      this.#nodes.set(key, node);
      this.#due.set(key, node);
    }
    for (const visit of rest.visits ?? []) {
      const key = toHex(visit.id);
      this.#visits.set(key, [visit, ...(this.#visits.get(key) ?? [])]);
    }
    for (const { id, neighbors } of rest.neighbors ?? []) {
      this.#neighbors.set(toHex(id), neighbors);
    }
    if (rest.session) {
      const { startedAt, rollup } = rest.session;
      this.#sessions.set(startedAt, rest.session);
      this.#rollups.set(`${startedAt} ${rollup.at}`, rollup);
    }
  }

  async *visits(id: Uint8Array): AsyncIterable<Visit> {
    const visits = [...(this.#visits.get(toHex(id)) ?? [])].sort((a, b) => b.at - a.at);
    yield* visits.map(inspectableVisit);
  }

  async neighbors(id: Uint8Array): Promise<Uint8Array[]> {
    return [...(this.#neighbors.get(toHex(id)) ?? [])];
  }

  async *sessions(): AsyncIterable<CrawlSession> {
    yield* [...this.#sessions.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  async *rollups(): AsyncIterable<Rollup> {
    yield* [...this.#rollups.values()].sort((a, b) => a.at - b.at);
  }

  async close(): Promise<void> {}
}

/** Nodes by due time: a binary heap. Replaced and deleted entries stay in the heap until they reach the top. */
class DueQueue {
  readonly #heap: DueEntry[] = [];
  /** The valid entry of each node. */
  readonly #current = new Map<string, DueEntry>();

  /** The node with the earliest due time. */
  get first(): NodeRecord | undefined {
    for (;;) {
      const [top] = this.#heap;
      if (top === undefined || this.#current.get(top.key) === top) return top?.node;
      this.#pop();
    }
  }

  /** Removes the first node. */
  shift(): void {
    const first = this.first;
    if (first) this.delete(toHex(first.id));
  }

  set(key: string, node: NodeRecord): void {
    const entry = { key, node };
    this.#current.set(key, entry);
    this.#heap.push(entry);
    for (let at = this.#heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= node.dueAt) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  delete(key: string): void {
    this.#current.delete(key);
  }

  #pop(): void {
    this.#swap(0, this.#heap.length - 1);
    this.#heap.pop();
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(child) >= this.#at(at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.node.dueAt ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (!first || !second) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}

interface DueEntry {
  readonly key: string;
  readonly node: NodeRecord;
}

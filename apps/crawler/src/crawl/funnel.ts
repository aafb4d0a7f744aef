import { hasReached, type NodeRecord, type NodeStatus, statuses } from '../model/node-record.ts';
import type { Rollup } from '../store/store.ts';

/** What is counted of a node. */
export type Counted = Pick<NodeRecord, 'status' | 'trust' | 'lastSeen' | 'disconnect' | 'error'>;

/** Counts nodes by how far the last visit of each has come, and why it came no further. */
export class Funnel {
  readonly #statuses = new Map<NodeStatus, number>();
  readonly #disconnects = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #gossiped = 0;
  #verified = 0;
  #answered = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(node: Counted): void {
    this.#count(node, 1);
  }

  remove(node: Counted): void {
    this.#count(node, -1);
  }

  replace(before: Counted, after: Counted): void {
    this.#count(before, -1);
    this.#count(after, 1);
  }

  /** All counts, as they are at the moment `at`. */
  rollup(at: number): Rollup {
    const funnel = Object.fromEntries(
      statuses.map((step) => {
        const further = [...this.#statuses].filter(([status]) => hasReached(status, step));
        return [step, further.reduce((sum, [, count]) => sum + count, 0)];
      }),
    ) as Record<NodeStatus, number>;
    return {
      at,
      funnel,
      disconnects: Object.fromEntries(this.#disconnects),
      errors: Object.fromEntries(this.#errors),
      gossiped: this.#gossiped,
      verified: this.#verified,
      answered: this.#answered,
    };
  }

  #count({ status, trust, lastSeen, disconnect, error }: Counted, by: 1 | -1): void {
    this.#total += by;
    if (trust === 'gossiped') this.#gossiped += by;
    else if (lastSeen !== undefined) this.#verified += by;
    if (lastSeen !== undefined) this.#answered += by;
    increase(this.#statuses, status, by);
    if (disconnect !== undefined) increase(this.#disconnects, disconnect, by);
    if (error !== undefined) increase(this.#errors, error, by);
  }
}

function increase<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

import { hasReached, type NodeRecord, type NodeStatus, statuses } from '../model/node-record.ts';
import type { Rollup } from '../store/store.ts';

/** Fields of a record that are counted. */
export type FunnelRecord = Pick<NodeRecord, 'status' | 'trust' | 'lastSeen' | 'disconnect' | 'error'>;

/** Counts nodes by the furthest step of their last visit, and by the reason why it got no further. */
export class Funnel {
  readonly #statuses = new Map<NodeStatus, number>();
  readonly #disconnects = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  #gossiped = 0;
  #verified = 0;
  #answered = 0;

  add(node: FunnelRecord): void {
    this.#count(node, 1);
  }

  remove(node: FunnelRecord): void {
    this.#count(node, -1);
  }

  replace(before: FunnelRecord, after: FunnelRecord): void {
    this.#count(before, -1);
    this.#count(after, 1);
  }

  /** Returns all counts; `at` is the current time. */
  rollup(at: number): Rollup {
    const funnel = Object.fromEntries(
      statuses.map((step) => {
        const reached = [...this.#statuses].filter(([status]) => hasReached(status, step));
        return [step, reached.reduce((sum, [, count]) => sum + count, 0)];
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

  #count({ status, trust, lastSeen, disconnect, error }: FunnelRecord, by: 1 | -1): void {
    if (trust === 'gossiped') this.#gossiped += by;
    else if (lastSeen !== undefined) this.#verified += by;
    if (lastSeen !== undefined) this.#answered += by;
    change(this.#statuses, status, by);
    if (disconnect !== undefined) change(this.#disconnects, disconnect, by);
    if (error !== undefined) change(this.#errors, error, by);
  }
}

function change<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

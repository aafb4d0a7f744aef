import type { Clock, Timer } from '@devp2p/clock';
import type { RandomSource } from '@devp2p/random';
import { hasSameEndpoint, type Node } from '../node/node.ts';
import type { Table, TableEntry } from './table.ts';

/** Interval of the slow list, as a multiple of that of the fast list. */
const slowFactor = 3;

/** Result of a check: the current state of the node, or the reason why it is unknown. */
export type CheckResult = Node | 'timeout' | 'not-sent';

/** Options of {@link Revalidation}. */
export interface RevalidationOptions {
  readonly table: Table;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Longest time between two checks of the fast list, in milliseconds. */
  readonly interval: number;
  /** Checks a node. */
  readonly check: (node: Node) => Promise<CheckResult>;
}

/**
 * Checks the nodes in the table, one at a time and at random times that a remote node cannot predict. New nodes, and
 * nodes that have moved or failed, are on the fast list; all others are on the slow list.
 */
export class Revalidation {
  readonly #options: RevalidationOptions;
  readonly #checking = new Set<string>();
  readonly #timers = new Map<TableEntry['schedule'], Timer>();

  constructor(options: RevalidationOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedule('fast');
    this.#schedule('slow');
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #schedule(list: TableEntry['schedule']): void {
    const { clock, random, interval } = this.#options;
    const longest = list === 'fast' ? interval : interval * slowFactor;
    const next = (): void => {
      this.#schedule(list);
      void this.#checkOne(list);
    };
    this.#timers.set(list, clock.setTimeout(next, random.fraction() * longest));
  }

  async #checkOne(list: TableEntry['schedule']): Promise<void> {
    const { table, random, check } = this.#options;
    const candidates = [...table.entries()].filter(
      ({ schedule, node }) => schedule === list && !this.#checking.has(node.key),
    );
    const node = random.pick(candidates)?.node;
    if (!node) return;
    this.#checking.add(node.key);
    try {
      const result = await check(node);
      // The result is void if the node was removed or has moved in the meantime.
      const current = table.get(node.key)?.node;
      if (!current || !hasSameEndpoint(current, node) || result === 'not-sent') return;
      if (result === 'timeout') table.failed(node.key);
      else table.passed(node.key, result);
    } finally {
      this.#checking.delete(node.key);
    }
  }
}

import type { Clock, Timer } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/crypto';
import { Discv4Error } from './error.ts';
import { type Node, sameEndpoint } from './node.ts';
import { fraction, pick } from './random.ts';
import type { Table, TableEntry } from './table.ts';

/** The slow list has as many times as long between two checks. */
const SLOW_FACTOR = 3;

/** What {@link Revalidation} is made with. */
export interface RevalidationOptions {
  readonly table: Table;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Longest time between two checks of the fast list, in ms. */
  readonly interval: number;
  /** Checks a node. Gives what is known of it now, `undefined` when it does not answer; rejects with Discv4Error when we could not ask. */
  readonly check: (node: Node) => Promise<Node | undefined>;
}

/**
 * Checks whether the nodes in the table are still there, one at a time, at random times that nobody can foresee: nodes
 * that are new, have moved or have failed more often than those that have not.
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
    const longest = list === 'fast' ? interval : interval * SLOW_FACTOR;
    const next = (): void => {
      this.#schedule(list);
      this.#checkOne(list);
    };
    this.#timers.set(list, clock.setTimeout(next, fraction(random) * longest));
  }

  #checkOne(list: TableEntry['schedule']): void {
    const { table, random, check } = this.#options;
    const candidates = [...table.entries()].filter(
      ({ schedule, node }) => schedule === list && !this.#checking.has(node.key),
    );
    const entry = pick(candidates, random);
    if (!entry) return;
    const { node } = entry;
    this.#checking.add(node.key);
    check(node)
      .then(
        (answer) => {
          // It may have gone or moved in the meantime, and then the answer says nothing about what is there now.
          const now = table.get(node.key)?.node;
          if (!now || !sameEndpoint(now, node)) return;
          if (answer) table.passed(node.key, answer);
          else table.failed(node.key);
        },
        (error: unknown) => {
          if (!(error instanceof Discv4Error)) throw error;
        },
      )
      .finally(() => this.#checking.delete(node.key));
  }
}

import type { Clock } from '@devp2p/clock';

/** Underpriced transactions that are remembered, and the time in ms (go-ethereum, `maxTxUnderpricedSetSize`). */
const maxHashes = 32_768;
const timeout = 5 * 60_000;

/** Transactions that were underpriced a short time ago, which are not fetched again. The oldest are forgotten. */
export class Underpriced {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Monotonic time until which a transaction is remembered, by key, the earliest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#until.size;
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    this.#until.delete(key);
    this.#until.set(key, this.#clock.monotonic() + timeout);
    if (this.#until.size <= maxHashes) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }
}

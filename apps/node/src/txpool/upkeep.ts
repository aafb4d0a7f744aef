import type { Timer } from '@devp2p/clock';
import type { AccountState } from './plain/plain-account.ts';
import { type PoolCore, reinjectedPerTurn } from './pool-core.ts';
import { defaultRejournal } from './settings.ts';
import type { TransactionAdder } from './transaction-adder.ts';

/** Time between two looks at idle accounts, local transactions and the fork schedule; the first is earlier. In ms. */
const interval = 60_000;
const firstInterval = 10_000;

/** Work of a pool that the time brings: idle accounts leave, and lost local transactions come back (TP-13, TP-30). */
export class Upkeep {
  readonly #core: PoolCore;
  readonly #adder: TransactionAdder;
  #timer: Timer | undefined;
  #lastRewrite: number;
  /** Settled when the last {@link #look} has ended. */
  #looking: Promise<void> = Promise.resolve();

  constructor(core: PoolCore, adder: TransactionAdder) {
    this.#core = core;
    this.#adder = adder;
    this.#lastRewrite = core.options.clock.monotonic();
  }

  /** Puts the transactions of the journal in, and begins to look. */
  async start(): Promise<void> {
    const { locals } = this.#core;
    const transactions = await locals.load();
    for (let start = 0; start < transactions.length; start += reinjectedPerTurn) {
      await this.#adder.add(transactions.slice(start, start + reinjectedPerTurn), { local: true });
    }
    if (transactions.length > 0) await locals.rewrite();
    this.#schedule(firstInterval);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Resolves when the last look has ended. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  #schedule(delay = interval): void {
    const { clock, log } = this.#core.options;
    this.#timer = clock.setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => log.error({ error }, 'the transaction pool has failed'))
        .finally(() => {
          if (!this.#core.isClosed) this.#schedule();
        });
    }, delay);
  }

  /** Drops idle accounts, and puts local transactions in again that the pool has lost. */
  async #look(): Promise<void> {
    const { clock, rejournal = defaultRejournal } = this.#core.options;
    this.#core.judge();
    this.#core.plain.expire(clock.monotonic());
    this.#core.settlePlain();
    await this.#returnLocals();
    if (clock.monotonic() - this.#lastRewrite < rejournal) return;
    this.#lastRewrite = clock.monotonic();
    await this.#core.locals.rewrite();
  }

  async #returnLocals(): Promise<void> {
    const locals = this.#core.locals.list();
    if (locals.length === 0) return;
    const states = await this.#core.inTurn(() => this.#core.readStates(new Set(locals.map(({ sender }) => sender))));
    if ('code' in states) return;
    const isPassed = ({ nonce, sender }: (typeof locals)[number]): boolean =>
      nonce < (states.get(sender) as AccountState).nonce;
    for (const local of locals) if (isPassed(local)) this.#core.locals.forget(local.key);
    const lost = locals.filter((local) => !isPassed(local) && !this.#core.plain.has(local.key));
    for (let start = 0; start < lost.length; start += reinjectedPerTurn) {
      await this.#adder.add(lost.slice(start, start + reinjectedPerTurn).map(({ raw }) => raw));
    }
  }
}

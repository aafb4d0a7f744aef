import { TransactionError } from '../../errors/transaction-error.ts';
import { maxTransactionGas } from '../../validation/transaction.ts';

/** Gas of a transaction after its execution. */
export interface SpentGas {
  /** What the sender pays: after refunds, at least the floor. */
  readonly paid: number;
  /** Execution and state gas before refunds (EIP-8037); only from Amsterdam on. */
  readonly execution: number;
  readonly state: number;
}

/** Gas of a block. From Amsterdam on it has two dimensions, of which the larger one counts (EIP-8037). */
export class GasPool {
  readonly #limit: number;
  readonly #isTwoDimensional: boolean;
  #cumulative = 0;
  #execution = 0;
  #state = 0;

  constructor(limit: number, isTwoDimensional: boolean) {
    this.#limit = limit;
    this.#isTwoDimensional = isTwoDimensional;
  }

  /** Sum of what the senders pay: the cumulative gas of receipts. */
  get cumulative(): number {
    return this.#cumulative;
  }

  /** `gasUsed` of the header. */
  get used(): number {
    return this.#isTwoDimensional ? Math.max(this.#execution, this.#state) : this.#cumulative;
  }

  /** The highest gas limit of a further transaction. */
  get left(): number {
    if (!this.#isTwoDimensional) return this.#limit - this.#cumulative;
    const execution = this.#limit - this.#execution;
    const state = this.#limit - this.#state;
    return execution >= maxTransactionGas ? state : Math.min(execution, state);
  }

  /** @throws TransactionError `block-gas` when a transaction with this gas limit does not fit into the block */
  check(gasLimit: number): void {
    if (gasLimit <= this.left) return;
    throw new TransactionError('block-gas', `gas limit ${gasLimit} is above the gas left in the block, ${this.left}`);
  }

  /** Counts the gas of a transaction, which is at most its gas limit in either dimension. */
  charge({ paid, execution, state }: SpentGas): void {
    this.#cumulative += paid;
    this.#execution += execution;
    this.#state += state;
  }
}

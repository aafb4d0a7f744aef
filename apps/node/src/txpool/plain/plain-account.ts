import type { PlainEntry } from './plain-entry.ts';

/** What the pool knows of an account, after the head. */
export interface AccountState {
  readonly nonce: bigint;
  /** In wei. */
  readonly balance: bigint;
  /** Whether it has code: that of a contract, or a delegation (EIP-7702). */
  readonly hasCode: boolean;
}

/** A sender with transactions in the pool. */
export class PlainAccount implements AccountState {
  /** Hex of the address. */
  readonly key: string;
  nonce: bigint;
  balance: bigint;
  hasCode: boolean;
  /** By nonce without a gap, from the nonce of the account on. */
  pending: PlainEntry[] = [];
  /** By nonce. */
  queued: PlainEntry[] = [];
  /** Sum of the costs of `pending`. */
  pendingCost = 0n;
  /** Time of the last transaction that became executable, or else of the first one that was queued; in ms. */
  lastActivity = 0;

  constructor(key: string, { nonce, balance, hasCode }: AccountState) {
    this.key = key;
    this.nonce = nonce;
    this.balance = balance;
    this.hasCode = hasCode;
  }

  get isEmpty(): boolean {
    return this.pending.length === 0 && this.queued.length === 0;
  }

  get size(): number {
    return this.pending.length + this.queued.length;
  }

  /** The nonce after the executable transactions. */
  get nextNonce(): bigint {
    return this.nonce + BigInt(this.pending.length);
  }

  find(nonce: bigint): PlainEntry | undefined {
    const place = nonce - this.nonce;
    if (place >= 0n && place < this.pending.length) return this.pending[Number(place)];
    const at = this.#placeInQueue(nonce);
    const found = this.queued[at];
    return found?.nonce === nonce ? found : undefined;
  }

  /** Adds an entry to the queue, whose nonce is not there. */
  enqueue(entry: PlainEntry): void {
    entry.isPending = false;
    if (this.queued.length === 0) this.queued = [entry];
    else this.queued.splice(this.#placeInQueue(entry.nonce), 0, entry);
  }

  /** Moves the first one of the queue to the executable ones, which it follows. */
  promoteFirst(): PlainEntry {
    const entry = this.queued.shift() as PlainEntry;
    entry.isPending = true;
    // An array that begins with its element has no room in reserve: most accounts have one transaction.
    if (this.pending.length === 0) this.pending = [entry];
    else this.pending.push(entry);
    this.pendingCost += entry.cost;
    return entry;
  }

  /** Puts an entry in the place of an executable one with the same nonce. */
  replacePending(old: PlainEntry, entry: PlainEntry): void {
    this.pending[Number(old.nonce - this.nonce)] = entry;
    this.pendingCost += entry.cost - old.cost;
    entry.isPending = true;
  }

  /** Moves executable ones from a position on back to the queue. @returns their number */
  demoteFrom(position: number): number {
    const demoted = this.pending.splice(position);
    for (const entry of demoted) {
      entry.isPending = false;
      this.pendingCost -= entry.cost;
    }
    // Nonces in the queue are higher than all of the executable ones.
    if (demoted.length > 0) this.queued = demoted.concat(this.queued);
    return demoted.length;
  }

  /** Removes an entry; executable ones after it go back to the queue. @returns number of those that were executable */
  remove(entry: PlainEntry): number {
    if (!entry.isPending) {
      this.queued.splice(this.#placeInQueue(entry.nonce), 1);
      return 0;
    }
    const moved = this.demoteFrom(Number(entry.nonce - this.nonce));
    this.queued.shift();
    return moved;
  }

  /**
   * Sets the state after another head. Transactions whose nonces have passed are removed; without the first one the
   * others wait.
   *
   * @returns those that were removed
   */
  setState({ nonce, balance, hasCode }: AccountState): PlainEntry[] {
    this.balance = balance;
    this.hasCode = hasCode;
    const removed: PlainEntry[] = [];
    if (nonce < this.nonce) this.demoteFrom(0);
    else if (nonce > this.nonce) {
      const passed = nonce - this.nonce;
      const count = passed < BigInt(this.pending.length) ? Number(passed) : this.pending.length;
      for (const entry of this.pending.splice(0, count)) {
        this.pendingCost -= entry.cost;
        removed.push(entry);
      }
    }
    this.nonce = nonce;
    while (this.queued.length > 0 && (this.queued[0] as PlainEntry).nonce < nonce) {
      removed.push(this.queued.shift() as PlainEntry);
    }
    return removed;
  }

  /** Position of the first one in the queue whose nonce is not lower. */
  #placeInQueue(nonce: bigint): number {
    let [low, high] = [0, this.queued.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.queued[middle] as PlainEntry).nonce < nonce) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

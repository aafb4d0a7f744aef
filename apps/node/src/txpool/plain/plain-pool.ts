import type { DropReason, PoolErrorCode } from '../interfaces.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Reservations } from '../reservations.ts';
import { type AccountState, PlainAccount } from './plain-account.ts';
import { checkPlain } from './plain-checks.ts';
import { canReplace, type PlainEntry } from './plain-entry.ts';
import type { PlainLimits } from './plain-limits.ts';
import { PriceOrder } from './price-order.ts';
import { fairShares } from './truncation.ts';

/** Part of the slots that may change between two heads once the pool is full (TP-11). */
const maxChurn = 1 / 4;

/** A transaction that has left the pool. */
export interface DroppedEntry {
  readonly entry: PlainEntry;
  readonly reason: DropReason;
}

/** Changes of the pool that its users see. */
export interface PlainChanges {
  /** Executable for the first time. */
  readonly pending: readonly PlainEntry[];
  readonly dropped: readonly DroppedEntry[];
}

/** Conditions that come with a head. */
export interface PlainHead {
  /** Of the next block, in wei. */
  readonly baseFee: bigint;
  readonly gasLimit: number;
}

/**
 * Transactions without blobs: the executable ones of each account, and those that wait for an earlier nonce. A pure
 * machine: it is given the state of each account and the time. After {@link add} and before its users see the changes,
 * {@link settle} applies the limits.
 */
export class PlainPool {
  readonly #limits: PlainLimits;
  readonly #reservations: Reservations;
  readonly #entries = new Map<string, PlainEntry>();
  readonly #accounts = new Map<string, PlainAccount>();
  /** Number of pooled transactions by the account that they delegate. */
  readonly #authorities = new Map<string, number>();
  readonly #order = new PriceOrder(() => this.#entries.values());
  #head: PlainHead = { baseFee: 0n, gasLimit: Number.POSITIVE_INFINITY };
  #minTip: bigint;
  #slots = 0;
  #pendingCount = 0;
  #lastArrival = 0;
  /** Slots that newcomers took from others since the last head. */
  #churn = 0;
  #promoted: PlainEntry[] = [];
  #dropped: DroppedEntry[] = [];

  constructor(limits: PlainLimits, reservations: Reservations) {
    this.#limits = limits;
    this.#reservations = reservations;
    this.#minTip = limits.minTip;
  }

  get size(): number {
    return this.#entries.size;
  }

  get slots(): number {
    return this.#slots;
  }

  get pendingCount(): number {
    return this.#pendingCount;
  }

  get queuedCount(): number {
    return this.#entries.size - this.#pendingCount;
  }

  get minTip(): bigint {
    return this.#minTip;
  }

  get accounts(): ReadonlyMap<string, PlainAccount> {
    return this.#accounts;
  }

  entries(): Iterable<PlainEntry> {
    return this.#entries.values();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): PlainEntry | undefined {
    return this.#entries.get(key);
  }

  /** Whether a pooled transaction delegates the account. */
  isAuthority(account: string): boolean {
    return this.#authorities.has(account);
  }

  /**
   * Adds a transaction that has passed the checks without state.
   *
   * @param sender hex of the address
   * @param state of the sender; without effect if it has transactions here
   * @param now in ms
   * @returns the reason if it is not added
   */
  add(entry: PlainEntry, sender: string, state: AccountState, now: number): Refusal | undefined {
    if (this.#entries.has(entry.key)) return refusal('known', 'already known');
    const account = this.#accounts.get(sender);
    const refused = checkPlain(entry, sender, account ?? state, account, {
      limits: this.#limits,
      reservations: this.#reservations,
      accounts: this.#accounts,
      authorities: this.#authorities,
      minTip: this.#minTip,
      gasLimit: this.#head.gasLimit,
    });
    if (refused !== undefined) return refused;
    const old = account?.find(entry.nonce);
    if (old !== undefined && !canReplace(old, entry, this.#limits.priceBump)) {
      return refusal('replacement', 'replacement transaction underpriced');
    }
    entry.setBaseFee(this.#head.baseFee);
    const excess = this.#slots + entry.slots - (old?.slots ?? 0) - this.#capacity;
    const full = excess > 0 ? this.#makeRoom(entry, account, account ?? state, excess) : undefined;
    if (full !== undefined) return full;
    this.#insert(entry, sender, state, now);
    return undefined;
  }

  /** Applies the limits to the numbers of transactions. @returns the changes since the last call */
  settle(): PlainChanges {
    this.#truncatePending();
    this.#truncateQueued();
    const pending = this.#promoted.filter((entry) => entry.isPending && !entry.isAnnounced);
    for (const entry of pending) entry.isAnnounced = true;
    const dropped = this.#dropped;
    this.#promoted = [];
    this.#dropped = [];
    return { pending, dropped };
  }

  /**
   * Moves to another head. To be followed by {@link settle}.
   *
   * @param states of all accounts that have transactions
   * @param judge returns the rule that a transaction breaks in the next block. @default none
   */
  setHead(
    head: PlainHead,
    states: (account: string) => AccountState,
    now: number,
    judge?: (entry: PlainEntry, sender: string) => PoolErrorCode | undefined,
  ): void {
    this.#head = head;
    this.#churn = 0;
    for (const account of [...this.#accounts.values()]) this.#update(account, states(account.key), now, judge);
    for (const entry of this.#entries.values()) entry.setBaseFee(head.baseFee);
    this.#order.rebuild();
  }

  /** Drops the transactions that break a rule. @param judge returns the rule */
  judge(judge: (entry: PlainEntry, sender: string) => PoolErrorCode | undefined): void {
    for (const entry of [...this.#entries.values()]) {
      const reason = entry.account && judge(entry, entry.account.key);
      if (reason !== undefined) this.#drop(entry, reason);
    }
  }

  /** Drops what pays less than a tip, and refuses it from now on. */
  setMinTip(minTip: bigint): void {
    this.#minTip = minTip;
    for (const entry of [...this.#entries.values()]) if (entry.tipCap < minTip) this.#drop(entry, 'underpriced');
  }

  /** Drops the queues of accounts that have been idle for too long. */
  expire(now: number): void {
    for (const account of [...this.#accounts.values()]) {
      if (account.queued.length === 0 || now - account.lastActivity <= this.#limits.lifetime) continue;
      for (const entry of [...account.queued]) this.#drop(entry, 'expired');
    }
  }

  get #capacity(): number {
    return this.#limits.totalPending + this.#limits.totalQueued;
  }

  /** Drops cheaper transactions for a newcomer (TP-11). */
  #makeRoom(
    entry: PlainEntry,
    account: PlainAccount | undefined,
    state: AccountState,
    excess: number,
  ): Refusal | undefined {
    if (this.#order.isUnderpriced(entry)) {
      return refusal('underpriced', `transaction underpriced: tip cap ${entry.tipCap}, fee cap ${entry.feeCap}`);
    }
    if (this.#churn > this.#limits.totalPending * maxChurn) {
      return refusal('full', 'txpool is full: too many transactions were replaced since the last block');
    }
    const dropped = this.#order.take(excess);
    if (dropped === undefined) return refusal('full', 'txpool is full');
    if (dropped.some(({ isPending }) => isPending) && isGapped(entry, account, state, dropped)) {
      this.#order.putBack(dropped);
      return refusal('full', 'future transaction tries to replace pending');
    }
    for (const one of dropped) this.#churn += Math.max(1, this.#drop(one, 'underpriced', false));
    return undefined;
  }

  #insert(entry: PlainEntry, sender: string, state: AccountState, now: number): void {
    const account = this.#accounts.get(sender) ?? new PlainAccount(sender, state);
    const old = account.find(entry.nonce);
    if (old?.isPending) {
      account.replacePending(old, entry);
      this.#forget(old, 'replaced');
      account.lastActivity = now;
      this.#promoted.push(entry);
    } else {
      if (account.queued.length === 0) account.lastActivity = now;
      if (old !== undefined) {
        account.remove(old);
        this.#forget(old, 'replaced');
      }
      account.enqueue(entry);
    }
    this.#accounts.set(sender, account);
    this.#reservations.hold(sender, 'plain');
    entry.account = account;
    entry.arrival = ++this.#lastArrival;
    this.#entries.set(entry.key, entry);
    this.#slots += entry.slots;
    for (const authority of entry.authorities ?? []) {
      this.#authorities.set(authority, (this.#authorities.get(authority) ?? 0) + 1);
    }
    this.#order.add(entry);
    this.#promote(account, now);
    this.#limitQueue(account);
  }

  /** Moves transactions of the queue that are executable now. */
  #promote(account: PlainAccount, now: number): void {
    for (;;) {
      const [next] = account.queued;
      if (next === undefined || next.nonce !== account.nextNonce) return;
      if (account.pendingCost + next.cost > account.balance) return;
      account.promoteFirst();
      account.lastActivity = now;
      this.#pendingCount++;
      if (!next.isAnnounced) this.#promoted.push(next);
    }
  }

  #limitQueue({ queued }: PlainAccount): void {
    while (queued.length > this.#limits.accountQueued) this.#drop(queued.at(-1) as PlainEntry, 'truncated');
  }

  #update(
    account: PlainAccount,
    state: AccountState,
    now: number,
    judge: ((entry: PlainEntry, sender: string) => PoolErrorCode | undefined) | undefined,
  ): void {
    const before = account.pending.length;
    for (const entry of account.setState(state)) this.#forget(entry, 'included', false);
    this.#pendingCount += account.pending.length - before;
    for (const entry of [...account.pending, ...account.queued]) {
      const reason = this.#faultOf(entry, account) ?? judge?.(entry, account.key);
      if (reason !== undefined) this.#drop(entry, reason);
    }
    this.#demoteUnpayable(account);
    this.#promote(account, now);
    this.#limitQueue(account);
    this.#release(account);
  }

  #faultOf({ cost, gas }: PlainEntry, { balance }: PlainAccount): PoolErrorCode | undefined {
    if (cost > balance) return 'balance';
    return gas > this.#head.gasLimit ? 'block-gas' : undefined;
  }

  /** The executable transactions of an account are payable together. */
  #demoteUnpayable(account: PlainAccount): void {
    let left = account.balance;
    for (const [position, { cost }] of account.pending.entries()) {
      left -= cost;
      if (left < 0n) {
        this.#pendingCount -= account.demoteFrom(position);
        return;
      }
    }
  }

  #truncatePending(): void {
    const { totalPending, accountPending } = this.#limits;
    if (this.#pendingCount <= totalPending) return;
    const accounts = [...this.#accounts.values()];
    const shares = fairShares(
      accounts.map(({ pending }) => pending.length),
      totalPending,
      accountPending,
    );
    for (const [i, { pending }] of accounts.entries()) {
      for (const entry of pending.slice(shares[i]).reverse()) this.#drop(entry, 'truncated');
    }
  }

  #truncateQueued(): void {
    let excess = this.queuedCount - this.#limits.totalQueued;
    if (excess <= 0) return;
    const accounts = [...this.#accounts.values()].filter(({ queued }) => queued.length > 0);
    accounts.sort((a, b) => a.lastActivity - b.lastActivity);
    for (const { queued } of accounts) {
      for (const entry of queued.slice(-excess).reverse()) {
        this.#drop(entry, 'truncated');
        excess--;
      }
      if (excess <= 0) return;
    }
  }

  /** @returns number of executable ones that were dropped or are not executable any more */
  #drop(entry: PlainEntry, reason: DropReason, isCounted = true): number {
    const { account } = entry;
    if (account === undefined) return 0;
    const changed = account.remove(entry);
    this.#pendingCount -= changed;
    this.#forget(entry, reason, isCounted);
    this.#limitQueue(account);
    this.#release(account);
    return changed;
  }

  /** Removes an entry that its account does not have any more. @param isCounted whether it is left in the price order */
  #forget(entry: PlainEntry, reason: DropReason, isCounted = true): void {
    this.#entries.delete(entry.key);
    entry.account = undefined;
    entry.isPending = false;
    this.#slots -= entry.slots;
    for (const authority of entry.authorities ?? []) {
      const count = (this.#authorities.get(authority) ?? 0) - 1;
      if (count > 0) this.#authorities.set(authority, count);
      else this.#authorities.delete(authority);
    }
    this.#dropped.push({ entry, reason });
    if (isCounted) this.#order.countRemoved(1);
  }

  #release(account: PlainAccount): void {
    if (!account.isEmpty || this.#accounts.get(account.key) !== account) return;
    this.#accounts.delete(account.key);
    this.#reservations.release(account.key);
  }
}

/** Whether a transaction does not follow the executable ones, after some have been dropped. */
function isGapped(
  { nonce }: PlainEntry,
  account: PlainAccount | undefined,
  state: AccountState,
  dropped: readonly PlainEntry[],
): boolean {
  for (let before = state.nonce; before < nonce; before++) {
    const entry = account?.find(before);
    if (entry === undefined || dropped.includes(entry)) return true;
  }
  return false;
}

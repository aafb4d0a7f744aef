import type { DropReason } from '../../src/txpool/interfaces.ts';
import type { AccountState } from '../../src/txpool/plain/plain-account.ts';
import { PlainEntry, slotSize } from '../../src/txpool/plain/plain-entry.ts';
import { defaultPlainLimits, type PlainLimits } from '../../src/txpool/plain/plain-limits.ts';
import { PlainPool } from '../../src/txpool/plain/plain-pool.ts';
import { Reservations } from '../../src/txpool/reservations.ts';

/** Fields of a transaction of a {@link PlainScene}. */
export interface Wanted {
  readonly from: string;
  readonly nonce?: number;
  readonly feeCap?: number;
  readonly tipCap?: number;
  readonly gas?: number;
  readonly value?: number;
  readonly slots?: number;
  readonly authorities?: readonly string[];
}

/** A plain pool over accounts that a test changes. */
export class PlainScene {
  readonly reservations = new Reservations();
  readonly pool: PlainPool;
  readonly states = new Map<string, AccountState>();
  readonly announced: string[] = [];
  readonly dropped: [string, DropReason][] = [];
  now = 0;
  baseFee = 0n;
  gasLimit = 30_000_000;
  readonly #once = new Set<string>();
  #count = 0;

  constructor(limits: Partial<PlainLimits> = {}) {
    this.pool = new PlainPool({ ...defaultPlainLimits, ...limits }, this.reservations);
    this.pool.setHead({ baseFee: this.baseFee, gasLimit: this.gasLimit }, (key) => this.state(key), this.now);
  }

  state(key: string): AccountState {
    return this.states.get(key) ?? { nonce: 0n, balance: 10n ** 18n, hasCode: false };
  }

  set(key: string, state: { nonce?: number; balance?: number; hasCode?: boolean }): void {
    const before = this.state(key);
    this.states.set(key, {
      nonce: state.nonce === undefined ? before.nonce : BigInt(state.nonce),
      balance: state.balance === undefined ? before.balance : BigInt(state.balance),
      hasCode: state.hasCode ?? before.hasCode,
    });
  }

  entry(wanted: Wanted): PlainEntry {
    const { nonce = 0, feeCap = wanted.tipCap ?? 10, tipCap = feeCap, gas = 21_000, value = 0, slots = 1 } = wanted;
    return new PlainEntry({
      key: `${wanted.from}/${nonce}/${feeCap}/${tipCap}#${++this.#count}`,
      raw: new Uint8Array((slots - 1) * slotSize + 1),
      type: wanted.authorities === undefined ? 2 : 4,
      nonce: BigInt(nonce),
      gas,
      feeCap: BigInt(feeCap),
      tipCap: BigInt(tipCap),
      cost: BigInt(gas) * BigInt(feeCap) + BigInt(value),
      authorities: wanted.authorities,
    });
  }

  /** Adds a transaction, and applies the limits. @returns 'ok', or the code of the refusal */
  add(wanted: Wanted): string {
    const code = this.insert(wanted);
    this.settle();
    return code;
  }

  /** Adds a transaction, as one of a batch. */
  insert(wanted: Wanted): string {
    return this.pool.add(this.entry(wanted), wanted.from, this.state(wanted.from), this.now)?.code ?? 'ok';
  }

  head(change: { baseFee?: bigint; gasLimit?: number } = {}, judge?: Parameters<PlainPool['setHead']>[3]): void {
    this.baseFee = change.baseFee ?? this.baseFee;
    this.gasLimit = change.gasLimit ?? this.gasLimit;
    this.pool.setHead({ baseFee: this.baseFee, gasLimit: this.gasLimit }, (key) => this.state(key), this.now, judge);
    this.settle();
  }

  settle(): void {
    const { pending, dropped } = this.pool.settle();
    for (const { key } of pending) {
      if (this.#once.has(key)) throw new Error(`${key} is announced twice`);
      this.#once.add(key);
      this.announced.push(short(key));
    }
    for (const { entry, reason } of dropped) this.dropped.push([short(entry.key), reason]);
  }

  /** Nonces of an account, executable and other. */
  nonces(key: string): string {
    const account = this.pool.accounts.get(key);
    const list = (entries: readonly PlainEntry[] = []) => entries.map(({ nonce }) => String(nonce)).join(' ');
    return `${list(account?.pending)} | ${list(account?.queued)}`.trim();
  }

  /** @throws Error naming the first invariant that does not hold */
  check(limits: PlainLimits): void {
    const { pool } = this;
    let [pending, queued, slots] = [0, 0, 0];
    const expect = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(what);
    };
    for (const [key, account] of pool.accounts) {
      expect(!account.isEmpty, `${key} has no transactions`);
      expect(account.key === key, `${key} is kept by another key`);
      expect(account.nonce === this.state(key).nonce, `the nonce of ${key} is stale`);
      let cost = 0n;
      for (const [i, entry] of account.pending.entries()) {
        cost += entry.cost;
        expect(entry.isPending, `${entry.key} is not marked as executable`);
        expect(entry.nonce === account.nonce + BigInt(i), `${key} has a gap at ${entry.nonce}`);
      }
      expect(cost === account.pendingCost, `cost of ${key} is ${account.pendingCost}, not ${cost}`);
      expect(cost <= account.balance, `${key} cannot pay`);
      for (const [i, entry] of account.queued.entries()) {
        expect(!entry.isPending, `${entry.key} is marked as executable`);
        const before = i === 0 ? account.nextNonce - 1n : (account.queued[i - 1] as PlainEntry).nonce;
        expect(entry.nonce > before, `the queue of ${key} is not in order`);
        expect(entry.cost <= account.balance, `${entry.key} is not payable`);
      }
      for (const entry of [...account.pending, ...account.queued]) {
        expect(pool.get(entry.key) === entry, `${entry.key} is not found`);
        expect(entry.account === account, `${entry.key} has another account`);
        expect(entry.gas <= this.gasLimit, `${entry.key} is above the gas limit`);
        slots += entry.slots;
      }
      expect(account.queued.length <= limits.accountQueued, `${key} has ${account.queued.length} in the queue`);
      expect(this.reservations.isTaken(key, 'blob'), `${key} is not reserved`);
      pending += account.pending.length;
      queued += account.queued.length;
    }
    expect(pending === pool.pendingCount, `${pool.pendingCount} are pending, not ${pending}`);
    expect(queued === pool.queuedCount, `${pool.queuedCount} are queued, not ${queued}`);
    expect(slots === pool.slots, `${pool.slots} slots, not ${slots}`);
    expect(slots <= limits.totalPending + limits.totalQueued, `${slots} slots are taken`);
    expect(queued <= limits.totalQueued, `${queued} are queued`);
    const excess = pending - limits.totalPending;
    const large = [...pool.accounts.values()].filter((account) => account.pending.length > limits.accountPending);
    expect(excess <= 0 || large.length === 0, `${pending} are pending`);
  }
}

function short(key: string): string {
  return key.slice(0, key.lastIndexOf('#'));
}

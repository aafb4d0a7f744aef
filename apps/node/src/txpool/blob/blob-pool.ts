import type { DropReason, PoolErrorCode } from '../interfaces.ts';
import type { AccountState } from '../plain/plain-account.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Reservations } from '../reservations.ts';
import { type BlobEntry, blobFeeSteps, canReplaceBlob, distance, feeSteps, type PriceSteps } from './blob-entry.ts';

/** Limits of the blob pool. */
export interface BlobLimits {
  /** Bytes of all files. @default 2.5 GiB */
  readonly capacity: number;
  /** Percentage by which each of the three prices of a replacement is higher. @default 100 */
  readonly priceBump: bigint;
  /** Transactions of an account. @default 16 */
  readonly accountLimit: number;
}

/** go-ethereum's `blobpool.DefaultConfig` and `maxTxsPerAccount`. */
export const defaultBlobLimits: BlobLimits = {
  capacity: 2.5 * 1024 * 1024 * 1024,
  priceBump: 100n,
  accountLimit: 16,
};

/** Transactions that are announced are at most so far from payable (go-ethereum, `announceThreshold`). */
const announceDistance = -1;

/** A transaction that has left the pool. */
export interface DroppedBlob {
  readonly entry: BlobEntry;
  readonly reason: DropReason;
}

export interface BlobChanges {
  /** To be announced, for the first time. */
  readonly pending: readonly BlobEntry[];
  readonly dropped: readonly DroppedBlob[];
}

/** Conditions that come with a head. */
export interface BlobHead {
  /** Of the next block, in wei. */
  readonly baseFee: bigint;
  readonly blobFee: bigint;
  readonly gasLimit: number;
  /** Of the sidecars of the next block. */
  readonly version: 0 | 1;
}

interface BlobAccount extends AccountState {
  /** By nonce without a gap, from the nonce of the account on. */
  readonly entries: BlobEntry[];
  cost: bigint;
}

/**
 * Index of the blob transactions on disk: a pure machine over account states and prices. Transactions of an account
 * have no gaps.
 */
export class BlobPool {
  readonly #limits: BlobLimits;
  readonly #reservations: Reservations;
  /** Whether a pooled transaction delegates an account (EIP-7702). */
  readonly #isAuthority: (account: string) => boolean;
  readonly #entries = new Map<string, BlobEntry>();
  readonly #accounts = new Map<string, BlobAccount>();
  /** Keys of the transactions by versioned hash. */
  readonly #byBlob = new Map<string, Set<string>>();
  #head: BlobHead = { baseFee: 0n, blobFee: 0n, gasLimit: Number.POSITIVE_INFINITY, version: 1 };
  #prices: PriceSteps = { fee: 0, blobFee: 0 };
  #stored = 0;
  #lastArrival = 0;
  #dropped: DroppedBlob[] = [];
  /** Whether transactions or prices have changed since {@link settle}. */
  #isChanged = false;

  constructor(limits: BlobLimits, reservations: Reservations, isAuthority: (account: string) => boolean) {
    this.#limits = limits;
    this.#reservations = reservations;
    this.#isAuthority = isAuthority;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of all files. */
  get stored(): number {
    return this.#stored;
  }

  get accounts(): ReadonlyMap<string, Readonly<BlobAccount>> {
    return this.#accounts;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): BlobEntry | undefined {
    return this.#entries.get(key);
  }

  /** A transaction with a blob. @param hash hex of its versioned hash */
  findByBlob(hash: string): BlobEntry | undefined {
    const [key] = this.#byBlob.get(hash) ?? [];
    return key === undefined ? undefined : this.#entries.get(key);
  }

  /** The nonce after the transactions of an account. */
  nextNonce(sender: string, { nonce }: AccountState): bigint {
    return nonce + BigInt(this.#accounts.get(sender)?.entries.length ?? 0);
  }

  /** Adds a stored transaction at the start. To be followed by {@link setHead}. */
  restore(entry: BlobEntry): void {
    const account = this.#accounts.get(entry.sender) ?? {
      ...unknownAccount,
      nonce: entry.nonce,
      entries: [],
      cost: 0n,
    };
    const at = account.entries.findIndex(({ nonce }) => nonce >= entry.nonce);
    if (account.entries[at]?.nonce === entry.nonce) {
      // Both were written when one replaced the other before a crash.
      const [worse] = [account.entries[at] as BlobEntry, entry].sort((a, b) => (a.feeCap < b.feeCap ? -1 : 1));
      if (worse === entry) {
        this.#dropped.push({ entry, reason: 'replaced' });
        return;
      }
      this.#forget(worse as BlobEntry, 'replaced');
      account.entries[at] = entry;
    } else account.entries.splice(at < 0 ? account.entries.length : at, 0, entry);
    this.#take(entry, account);
  }

  /**
   * Checks a transaction that has passed the checks without state.
   *
   * @param isGapAllowed whether an earlier nonce may be missing
   */
  check(entry: BlobEntry, state: AccountState, isGapAllowed = false): Refusal | undefined {
    const { key, sender, nonce, cost } = entry;
    if (this.#entries.has(key)) return refusal('known', 'already known');
    const account = this.#accounts.get(sender);
    if (nonce < state.nonce) return refusal('nonce-low', `nonce too low: next nonce ${state.nonce}, tx nonce ${nonce}`);
    if (entry.gas > this.#head.gasLimit) return refusal('block-gas', `exceeds block gas limit: ${entry.gas}`);
    if (this.#reservations.isTaken(sender, 'blob')) {
      return refusal('reserved', 'address already reserved: the sender has transactions without blobs');
    }
    const old = account?.entries[Number(nonce - state.nonce)];
    const spent = (account?.cost ?? 0n) - (old?.cost ?? 0n);
    if (state.balance < spent + cost) {
      const values = `balance ${state.balance}, queued cost ${spent}, tx cost ${cost}`;
      const code = state.balance < cost ? 'balance' : 'overdraft';
      return refusal(code, `insufficient funds for gas * price + value: ${values}`);
    }
    if (old !== undefined) {
      if (canReplaceBlob(old, entry, this.#limits.priceBump)) return undefined;
      return refusal('replacement', 'replacement transaction underpriced');
    }
    const count = account?.entries.length ?? 0;
    if (count >= this.#limits.accountLimit) {
      return refusal('account-limit', `account limit exceeded: pooled ${count} txs`);
    }
    const isDelegated = state.hasCode || this.#isAuthority(sender);
    if (isDelegated && count > 0)
      return refusal('delegated', 'in-flight transaction limit reached for delegated accounts');
    const next = state.nonce + BigInt(count);
    if (nonce > next && !(isGapAllowed && !isDelegated)) {
      return refusal('nonce-gap', `nonce too high: tx nonce ${nonce}, gapped nonce ${next}`);
    }
    return this.#checkPrice(entry, account);
  }

  /** Adds a transaction that {@link check} has let pass, and whose file is written. */
  insert(entry: BlobEntry, state: AccountState): void {
    const { sender, nonce } = entry;
    const account = this.#accounts.get(sender) ?? { ...state, entries: [], cost: 0n };
    const at = Number(nonce - account.nonce);
    const old = account.entries[at];
    if (old !== undefined) this.#forget(old, 'replaced');
    account.entries[at] = entry;
    this.#take(entry, account);
    this.#evict();
  }

  /** @returns the changes since the last call */
  settle(): BlobChanges {
    const pending: BlobEntry[] = [];
    if (!this.#isChanged) return { pending, dropped: [] };
    this.#isChanged = false;
    for (const { entries } of this.#accounts.values()) {
      for (const entry of entries) {
        // Those after it cannot be included before it.
        if (distance(entry, this.#prices) < announceDistance) break;
        if (entry.isAnnounced) continue;
        entry.isAnnounced = true;
        pending.push(entry);
      }
    }
    const dropped = this.#dropped;
    this.#dropped = [];
    return { pending, dropped };
  }

  /**
   * Moves to another head.
   *
   * @param states of all accounts that have transactions
   * @param judge returns the rule that a transaction breaks in the next block. @default none
   */
  setHead(
    head: BlobHead,
    states: (account: string) => AccountState,
    judge: (entry: BlobEntry) => PoolErrorCode | undefined = () => undefined,
  ): void {
    this.#isChanged = true;
    this.#head = head;
    this.#prices = { fee: feeSteps(head.baseFee), blobFee: blobFeeSteps(head.blobFee) };
    for (const [sender, { entries }] of [...this.#accounts]) {
      const state = states(sender);
      const kept: BlobEntry[] = [];
      let left = state.balance;
      let reason: DropReason | undefined;
      for (const entry of entries) {
        if (entry.nonce < state.nonce) {
          this.#forget(entry, 'included');
          continue;
        }
        left -= entry.cost;
        reason ??= this.#faultOf(entry, state.nonce + BigInt(kept.length), left, kept.length) ?? judge(entry);
        if (reason === undefined) kept.push(entry);
        else this.#forget(entry, reason);
        // Without it the later ones have a gap.
        if (reason !== undefined) reason = 'nonce-gap';
      }
      const cost = kept.reduce((sum, entry) => sum + entry.cost, 0n);
      if (kept.length > 0) this.#accounts.set(sender, { ...state, entries: kept, cost });
      else this.#release(sender);
    }
    this.#evict();
  }

  /** Drops transactions whose sidecars are of another version than those of the next block. */
  setVersion(version: 0 | 1): void {
    const states = new Map<string, AccountState>(this.#accounts);
    this.setHead({ ...this.#head, version }, (sender) => states.get(sender) as AccountState);
  }

  #faultOf(entry: BlobEntry, nonce: bigint, left: bigint, before: number): DropReason | undefined {
    if (entry.nonce !== nonce) return 'nonce-gap';
    if (left < 0n) return 'balance';
    if (entry.gas > this.#head.gasLimit) return 'block-gas';
    if (entry.version !== this.#head.version) return 'sidecar';
    return before >= this.#limits.accountLimit ? 'account-limit' : undefined;
  }

  /** In a full pool a newcomer has to be closer to payable than the farthest account. */
  #checkPrice(entry: BlobEntry, account: BlobAccount | undefined): Refusal | undefined {
    if (this.#stored + entry.stored <= this.#limits.capacity) return undefined;
    const own = worse(rank(entry, this.#prices), account && this.#rankOf(account));
    const farthest = this.#farthest(account);
    if (farthest !== undefined && compareRanks(own, this.#rankOf(farthest[1])) > 0) return undefined;
    return refusal('underpriced', 'transaction underpriced: the blob pool is full of transactions that pay more');
  }

  /** Drops the last ones of the farthest accounts, until there is room (TP-18). */
  #evict(): void {
    while (this.#stored > this.#limits.capacity) {
      const farthest = this.#farthest(undefined);
      if (farthest === undefined) return;
      const [sender, account] = farthest;
      const last = account.entries.pop() as BlobEntry;
      account.cost -= last.cost;
      this.#forget(last, 'underpriced');
      if (account.entries.length === 0) this.#release(sender);
    }
  }

  /** The account whose worst transaction is the farthest from payable, and pays the lowest tip of equally far ones. */
  #farthest(except: BlobAccount | undefined): [string, BlobAccount] | undefined {
    let found: [string, BlobAccount] | undefined;
    let least: Rank | undefined;
    for (const [sender, account] of this.#accounts) {
      if (account === except || account.entries.length === 0) continue;
      const own = this.#rankOf(account);
      if (least !== undefined && compareRanks(own, least) >= 0) continue;
      least = own;
      found = [sender, account];
    }
    return found;
  }

  #rankOf({ entries }: BlobAccount): Rank {
    return entries.reduce(
      (all, entry) => worse(rank(entry, this.#prices), all),
      rank(entries[0] as BlobEntry, this.#prices),
    );
  }

  #take(entry: BlobEntry, account: BlobAccount): void {
    this.#isChanged = true;
    entry.arrival = ++this.#lastArrival;
    account.cost += entry.cost;
    this.#accounts.set(entry.sender, account);
    this.#reservations.hold(entry.sender, 'blob');
    this.#entries.set(entry.key, entry);
    this.#stored += entry.stored;
    for (const hash of entry.hashes) {
      const keys = this.#byBlob.get(hash) ?? new Set();
      this.#byBlob.set(hash, keys.add(entry.key));
    }
  }

  /** Removes an entry from all but its account, whose cost it reduces when it is replaced. */
  #forget(entry: BlobEntry, reason: DropReason): void {
    this.#isChanged = true;
    this.#entries.delete(entry.key);
    this.#stored -= entry.stored;
    for (const hash of entry.hashes) {
      const keys = this.#byBlob.get(hash);
      keys?.delete(entry.key);
      if (keys?.size === 0) this.#byBlob.delete(hash);
    }
    const account = this.#accounts.get(entry.sender);
    if (reason === 'replaced' && account !== undefined) account.cost -= entry.cost;
    this.#dropped.push({ entry, reason });
  }

  #release(sender: string): void {
    this.#accounts.delete(sender);
    this.#reservations.release(sender);
  }
}

const unknownAccount = { balance: 0n, hasCode: false };

/** Place in the order of eviction: the distance from payable, then the tip. */
interface Rank {
  readonly far: number;
  readonly tip: bigint;
}

function rank(entry: BlobEntry, prices: PriceSteps): Rank {
  return { far: distance(entry, prices), tip: entry.tipCap };
}

/** The worst of two in each respect: an account is as far as its worst transaction. */
function worse(one: Rank, other: Rank | undefined): Rank {
  if (other === undefined) return one;
  const cheaper = one.tip < other.tip ? one : other;
  return { far: Math.min(one.far, other.far), tip: cheaper.tip };
}

function compareRanks(one: Rank, other: Rank): number {
  if (one.far !== other.far) return one.far - other.far;
  return one.tip < other.tip ? -1 : one.tip > other.tip ? 1 : 0;
}

import { fromHex, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { AccountSummary } from '../chain/interfaces.ts';
import { createQueue, type Queue } from '../chain/queue.ts';
import { ChainError } from '../errors/chain-error.ts';
import { ExecutionError } from '../errors/execution-error.ts';
import { StateError } from '../errors/state-error.ts';
import { checkAgain } from './admission.ts';
import type { BlobPart } from './blob/blob-part.ts';
import { PoolCounter } from './counters.ts';
import type { DroppedTransaction, PoolErrorCode, PoolTransaction } from './interfaces.ts';
import { Listeners } from './listeners.ts';
import type { LocalTransactions } from './locals/local-transactions.ts';
import type { PoolChain, TransactionPoolOptions } from './options.ts';
import type { AccountState } from './plain/plain-account.ts';
import type { PlainEntry } from './plain/plain-entry.ts';
import type { PlainPool } from './plain/plain-pool.ts';
import { RecentKeys } from './recent-keys.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { Reservations } from './reservations.ts';
import { isOtherFork, type NextRules, nextRules } from './rules.ts';
import { hashesOf, shown, shownBlob } from './shown.ts';

/** Transactions that are put in again at once. */
export const reinjectedPerTurn = 128;
/** Hashes of transactions on chain that are remembered (go-ethereum, `txOnChainCacheLimit`). */
const maxIncluded = 32_768;
/** Transaction type of EIP-4844. */
export const blobType = 3;

interface PoolParts {
  readonly plain: PlainPool;
  readonly blobs: BlobPart | undefined;
  readonly locals: LocalTransactions;
  readonly reservations: Reservations;
}

/** State that adding, following the head and upkeep share: the parts of a pool, its head and the rules after it. */
export class PoolCore {
  readonly counters: PoolCounter = new PoolCounter();
  readonly options: TransactionPoolOptions;
  readonly chain: PoolChain;
  readonly plain: PlainPool;
  readonly blobs: BlobPart | undefined;
  readonly locals: LocalTransactions;
  readonly reservations: Reservations;
  /** Transactions of the last blocks. */
  readonly included: RecentKeys = new RecentKeys(maxIncluded);
  /** Runs changes of the pool one after another. */
  readonly inTurn: Queue = createQueue();
  /** Listeners to transactions that become executable. */
  readonly pending: Listeners<PoolTransaction> = new Listeners<PoolTransaction>();
  /** Listeners to transactions that leave. */
  readonly dropped: Listeners<DroppedTransaction> = new Listeners<DroppedTransaction>();
  /** The head whose state the pool is at; `undefined` until one was read. */
  head: SealedHeader | undefined;
  /** Rules of the block after the head. */
  next: NextRules;
  isClosed = false;

  constructor(options: TransactionPoolOptions, { plain, blobs, locals, reservations }: PoolParts) {
    this.options = options;
    this.chain = options.chain;
    this.plain = plain;
    this.blobs = blobs;
    this.locals = locals;
    this.reservations = reservations;
    this.next = this.rulesAfter(options.chain.head);
  }

  /** @param key hex of the hash */
  isKnown(key: string): boolean {
    return this.plain.has(key) || this.blobs?.has(key) === true;
  }

  /** Whether the next block and this pool take transactions of a type. */
  takes(type: number): boolean {
    return this.next.limits.types[type] === true && (type !== blobType || this.blobs !== undefined);
  }

  /**
   * Accounts after the head. Those that have plain transactions are known.
   *
   * @param isAll whether they are read again. @default false
   */
  async readStates(
    senders: Iterable<string>,
    head: SealedHeader | undefined = this.head,
    isAll = false,
  ): Promise<ReadonlyMap<string, AccountState> | Refusal> {
    if (this.isClosed) return refusal('closed', 'the transaction pool is closed');
    if (head === undefined) return noState;
    const states = new Map<string, AccountState>();
    const unknown: string[] = [];
    for (const sender of senders) {
      const account = isAll ? undefined : this.plain.accounts.get(sender);
      if (account === undefined) unknown.push(sender);
      else states.set(sender, account);
    }
    if (unknown.length === 0) return states;
    try {
      const accounts = await this.chain.accounts(head.hash, unknown.map(fromHex));
      for (const [i, sender] of unknown.entries()) states.set(sender, accounts[i] ?? emptyAccount);
      return states;
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.options.log.debug({ number: head.number, error }, 'the pool cannot read accounts');
      return noState;
    }
  }

  /** Judges all transactions again when a fork has come into force since the head (TP-16). */
  judge(): void {
    const head = this.head;
    if (head === undefined) return;
    const next = this.rulesAfter(head);
    const isOther = isOtherFork(next, this.next);
    this.next = next;
    if (!isOther) return;
    this.plain.judge(this.judgeBy(next));
    this.settlePlain();
    this.inTurn(async () => {
      this.blobs?.pool.setVersion(next.sidecarVersion);
      await this.settleBlobs();
    }).catch((error: unknown) => this.options.log.error({ error }, 'blob transactions cannot be judged again'));
  }

  /** @returns the check of pooled transactions by the rules of a block */
  judgeBy(next: NextRules): (entry: PlainEntry, sender: string) => PoolErrorCode | undefined {
    return (entry, sender) => checkAgain(entry.raw, fromHex(sender), next);
  }

  /** Rules of the block after a head, if it is made now. */
  rulesAfter(head: SealedHeader): NextRules {
    return nextRules(this.chain.genesis.config, head, Math.floor(this.options.clock.now() / 1000));
  }

  /** Hex of the hashes of transactions in canonical form. */
  keysOf(transactions: readonly Uint8Array[]): string[] {
    return transactions.map((transaction) => toHex(this.options.crypto.keccak256(transaction)));
  }

  /** Applies the limits, and reports the changes. */
  settlePlain(): void {
    const { pending, dropped } = this.plain.settle();
    for (const { reason } of dropped) this.counters.drop(reason);
    this.dropped.emit(hashesOf(dropped));
    this.pending.emit(pending.map(shown));
  }

  async settleBlobs(): Promise<void> {
    const changes = await this.blobs?.settle();
    if (changes === undefined) return;
    for (const { reason } of changes.dropped) this.counters.drop(reason);
    this.dropped.emit(changes.dropped);
    this.pending.emit(changes.pending.map(shownBlob));
  }
}

export const emptyAccount: AccountSummary = { nonce: 0n, balance: 0n, hasCode: false };
export const noState: Refusal = refusal('no-state', 'the state of the head is not available');

/** Whether a read failed because of the state of the node, and not because of a fault of the program. */
export function isExpected(error: unknown): boolean {
  return error instanceof ExecutionError || error instanceof ChainError || error instanceof StateError;
}

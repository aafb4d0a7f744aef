import { setImmediate } from 'node:timers/promises';
import { fromHex, toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import type { AccountSummary, BlockReader, CanonicalChain, ChainRules, StateView } from '../chain/interfaces.ts';
import { createQueue } from '../chain/queue.ts';
import { ChainError } from '../errors/chain-error.ts';
import { ExecutionError } from '../errors/execution-error.ts';
import { StateError } from '../errors/state-error.ts';
import type { Log } from '../logging/log.ts';
import { nextBaseFee } from '../validation/fees.ts';
import { type CheckedTransaction, checkAgain, checkStateless, recover, recoverAuthorities } from './admission.ts';
import { PoolCounter, type PoolCounters } from './counters.ts';
import { readMovement } from './head-movement.ts';
import type {
  AddOptions,
  AddResult,
  DroppedTransaction,
  EncodedPoolTransaction,
  Pool,
  PoolErrorCode,
  PoolStatus,
  PoolTransaction,
  SenderContent,
} from './interfaces.ts';
import { Listeners } from './listeners.ts';
import { PlainEntry } from './plain/plain-entry.ts';
import { PlainPool } from './plain/plain-pool.ts';
import { RecentKeys } from './recent-keys.ts';
import { type Refusal, refusal } from './refusal.ts';
import { Reservations } from './reservations.ts';
import { isOtherFork, type NextRules, nextRules } from './rules.ts';
import { plainLimitsOf, type TxpoolSettings } from './settings.ts';
import type { BlobSidecar, BlockConditions, PendingTransaction, TransactionSource } from './transaction-source.ts';

/** The parts of the chain that the pool uses. */
export type PoolChain = Pick<CanonicalChain, 'head' | 'onHead'> &
  ChainRules &
  Pick<BlockReader, 'blockByHash'> &
  Pick<StateView, 'accounts'>;

/** @see openTransactionPool */
export interface TransactionPoolOptions extends TxpoolSettings {
  readonly chain: PoolChain;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** Waits between two parts of a long computation, until other tasks of the program have run. @default setImmediate */
  readonly nextTurn?: (() => Promise<unknown>) | undefined;
}

/** The pool of a node. */
export interface TransactionPool extends Pool, TransactionSource {
  readonly counters: PoolCounters;
  /** Lowest tip of a transaction, in wei. */
  readonly minTip: bigint;
  /** Whether the pool takes a transaction that a peer has: not a known one, one on chain, or of another type. */
  wants(hash: Uint8Array, type: number): boolean;
  /** The transaction in the form of the network; `undefined` for a missing one. */
  networkForm(hash: Uint8Array): Promise<Uint8Array | undefined>;
  /** Executable transactions without blobs, in the order of their arrival. */
  plainPending(): readonly PoolTransaction[];
  /** Raises or lowers the lowest tip. Transactions below it are dropped. */
  setMinTip(minTip: bigint): void;
  /** Iterates over transactions that become executable from now on. */
  pendingTransactions(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<PoolTransaction>;
  /** Iterates over transactions that leave the pool from now on. */
  droppedTransactions(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<DroppedTransaction>;
  /** Resolves when the changes until now have been processed. */
  settled(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Signatures whose accounts are recovered at once: 2 ms. */
const recoveriesPerTurn = 32;
/** Transactions of left blocks that are put in again at once. */
const reinjectedPerTurn = 128;
/** Hashes of transactions on chain that are remembered (go-ethereum, `txOnChainCacheLimit`). */
const maxIncluded = 32_768;
/** Time between two looks at idle accounts and at the fork schedule, in ms. */
const interval = 60_000;

/**
 * Opens the pool of a chain that executes its blocks. It follows the head of the chain.
 */
export async function openTransactionPool(options: TransactionPoolOptions): Promise<TransactionPool> {
  const pool = new NodePool(options);
  await pool.start();
  return pool;
}

/** A transaction whose sender is known. */
interface Candidate {
  /** In the list of the caller. */
  readonly position: number;
  readonly entry: PlainEntry;
  /** Hex of the address. */
  readonly sender: string;
}

class NodePool implements TransactionPool {
  readonly counters = new PoolCounter();
  readonly #options: TransactionPoolOptions;
  readonly #nextTurn: () => Promise<unknown>;
  readonly #reservations = new Reservations();
  readonly #plain: PlainPool;
  readonly #included = new RecentKeys(maxIncluded);
  readonly #inTurn = createQueue();
  readonly #pending = new Listeners<PoolTransaction>();
  readonly #dropped = new Listeners<DroppedTransaction>();
  readonly #unsubscribe: () => void;
  /** The head whose state the pool is at; `undefined` until one was read. */
  #head: SealedHeader | undefined;
  #next: NextRules;
  #timer: Timer | undefined;
  #isUpdating = false;
  #isClosed = false;

  constructor(options: TransactionPoolOptions) {
    this.#options = options;
    this.#nextTurn = options.nextTurn ?? (() => setImmediate());
    this.#plain = new PlainPool(plainLimitsOf(options), this.#reservations);
    this.#next = this.#rulesAfter(options.chain.head);
    this.#unsubscribe = options.chain.onHead(() => this.#onHead());
  }

  async start(): Promise<void> {
    this.#onHead();
    await this.settled();
    this.#schedule();
  }

  get status(): PoolStatus {
    return { pending: this.#plain.pendingCount, queued: this.#plain.queuedCount, blobs: 0 };
  }

  get minTip(): bigint {
    return this.#plain.minTip;
  }

  async add(transactions: readonly Uint8Array[], { local = false }: AddOptions = {}): Promise<readonly AddResult[]> {
    const results: AddResult[] = new Array(transactions.length);
    const candidates = await this.#recoverAll(this.#check(transactions, local, results), results);
    await this.#inTurn(() => this.#insert(candidates, results));
    for (const result of results) {
      if (result.status === 'added') this.counters.added++;
      else this.counters.refuse(result.code);
    }
    return results;
  }

  has(hash: Uint8Array): boolean {
    return this.#plain.has(toHex(hash));
  }

  wants(hash: Uint8Array, type: number): boolean {
    const key = toHex(hash);
    return this.#next.limits.types[type] === true && !this.#plain.has(key) && !this.#included.has(key);
  }

  async get(hash: Uint8Array): Promise<EncodedPoolTransaction | undefined> {
    const entry = this.#plain.get(toHex(hash));
    return entry && show(entry);
  }

  async networkForm(hash: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#plain.get(toHex(hash))?.raw;
  }

  async nonce(address: Uint8Array): Promise<bigint> {
    const account = this.#plain.accounts.get(toHex(address));
    if (account !== undefined) return account.nextNonce;
    const { chain } = this.#options;
    const [state] = await chain.accounts((this.#head ?? chain.head).hash, [address]);
    return state?.nonce ?? 0n;
  }

  content(): readonly SenderContent[] {
    return [...this.#plain.accounts.keys()].map((sender) => this.#contentOf(sender));
  }

  contentFrom(address: Uint8Array): SenderContent {
    return this.#contentOf(toHex(address));
  }

  plainPending(): readonly PoolTransaction[] {
    this.#judge();
    return this.#executable().map(show);
  }

  async pending({
    baseFee,
    minTip,
    gasCap = Number.POSITIVE_INFINITY,
  }: BlockConditions): Promise<PendingTransaction[]> {
    this.#judge();
    const least = minTip + baseFee;
    const isWanted = (entry: PlainEntry): boolean =>
      entry.tipCap >= minTip && entry.feeCap >= least && entry.gas <= gasCap;
    return this.#executable(isWanted).map((entry) => ({
      hash: fromHex(entry.key),
      raw: entry.raw,
      sender: fromHex(senderOf(entry)),
      nonce: entry.nonce,
      gas: entry.gas,
      feeCap: entry.feeCap,
      tipCap: entry.tipCap,
      isLocal: false,
    }));
  }

  async sidecar(_: Uint8Array): Promise<BlobSidecar | undefined> {
    return undefined;
  }

  setMinTip(minTip: bigint): void {
    this.#plain.setMinTip(minTip);
    this.#settle();
  }

  onPending(listener: (transactions: readonly PoolTransaction[]) => void): () => void {
    return this.#pending.add(listener);
  }

  onDropped(listener: (transactions: readonly DroppedTransaction[]) => void): () => void {
    return this.#dropped.add(listener);
  }

  pendingTransactions({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<PoolTransaction> {
    return this.#pending.iterate(signal);
  }

  droppedTransactions({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<DroppedTransaction> {
    return this.#dropped.iterate(signal);
  }

  async settled(): Promise<void> {
    await this.#inTurn(async () => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#unsubscribe();
    await this.settled();
  }

  /** Checks transactions by the rules that need neither state nor sender. */
  #check(
    transactions: readonly Uint8Array[],
    isLocal: boolean,
    results: AddResult[],
  ): { position: number; checked: CheckedTransaction }[] {
    const { crypto } = this.#options;
    this.#judge();
    const context = {
      next: this.#next,
      minTip: this.#plain.minTip,
      crypto,
      isKnown: (key: string) => this.#plain.has(key),
      isLocal,
    };
    const passed: { position: number; checked: CheckedTransaction }[] = [];
    for (const [position, transaction] of transactions.entries()) {
      const admission = checkStateless(transaction, context);
      if ('refused' in admission) results[position] = refusedResult(admission.hash, admission.refused);
      else passed.push({ position, checked: admission.checked });
    }
    return passed;
  }

  async #recoverAll(
    passed: readonly { readonly position: number; readonly checked: CheckedTransaction }[],
    results: AddResult[],
  ): Promise<Candidate[]> {
    const { crypto } = this.#options;
    const candidates: Candidate[] = [];
    let count = 0;
    const turn = async (): Promise<void> => {
      if (++count % recoveriesPerTurn === 0) await this.#nextTurn();
    };
    for (const { position, checked } of passed) {
      const sender = recover(checked, this.#next, crypto);
      await turn();
      if (typeof sender !== 'string') {
        results[position] = refusedResult(checked.hash, sender);
        continue;
      }
      const authorities = new Set<string>();
      for (const authority of recoverAuthorities(checked.transaction, crypto)) {
        authorities.add(authority);
        await turn();
      }
      candidates.push({ position, sender, entry: plainEntry(checked, authorities) });
    }
    return candidates;
  }

  /** Adds transactions with the accounts of their senders. */
  async #insert(candidates: readonly Candidate[], results: AddResult[]): Promise<void> {
    if (candidates.length === 0) return;
    const head = this.#head;
    let states: ReadonlyMap<string, AccountSummary> | Refusal;
    if (this.#isClosed) states = refusal('closed', 'the transaction pool is closed');
    else if (head === undefined) states = noState;
    else states = await this.#readStates(head, new Set(candidates.map(({ sender }) => sender)));
    const now = this.#options.clock.monotonic();
    for (const { position, entry, sender } of candidates) {
      const known = states instanceof Map ? (this.#plain.accounts.get(sender) ?? states.get(sender)) : undefined;
      const refused = known === undefined ? (states as Refusal) : this.#plain.add(entry, sender, known, now);
      if (refused !== undefined) results[position] = refusedResult(fromHex(entry.key), refused);
    }
    this.#settle();
    for (const { position, entry } of candidates) {
      if (results[position] !== undefined) continue;
      const hash = fromHex(entry.key);
      const isDropped = entry.account === undefined;
      results[position] = isDropped
        ? refusedResult(hash, refusal('full', 'txpool is full'))
        : { status: 'added', hash, isPending: entry.isPending };
    }
  }

  /** Reads accounts after a head, those that have no transactions here. */
  async #readStates(
    head: SealedHeader,
    senders: Iterable<string>,
    isAll = false,
  ): Promise<ReadonlyMap<string, AccountSummary> | Refusal> {
    const unknown = isAll ? [...senders] : [...senders].filter((sender) => !this.#plain.accounts.has(sender));
    if (unknown.length === 0) return new Map();
    try {
      const accounts = await this.#options.chain.accounts(head.hash, unknown.map(fromHex));
      return new Map(unknown.map((sender, i) => [sender, accounts[i] ?? emptyAccount]));
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#options.log.debug({ number: head.number, error }, 'the pool cannot read accounts');
      return noState;
    }
  }

  /** Follows the head. Heads that come during an update are one. */
  #onHead(): void {
    if (this.#isUpdating || this.#isClosed) return;
    this.#isUpdating = true;
    this.#inTurn(() => {
      this.#isUpdating = false;
      return this.#update();
    }).catch((error: unknown) => this.#options.log.error({ error }, 'the transaction pool cannot follow the head'));
  }

  async #update(): Promise<void> {
    const { chain, clock, log } = this.#options;
    const { head } = chain;
    const old = this.#head;
    if (this.#isClosed || (old !== undefined && toHex(old.hash) === toHex(head.hash))) return;
    const movement = await readMovement(chain, old ?? head, head).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
      log.warn({ error }, 'the transaction pool cannot read blocks');
      return { left: [], joined: [] };
    });
    const states = await this.#readStates(head, this.#plain.accounts.keys(), true);
    if (!(states instanceof Map)) return;
    const next = this.#rulesAfter(head);
    const judge = isOtherFork(next, this.#next) ? this.#judgeBy(next) : undefined;
    this.#head = head;
    this.#next = next;
    const conditions = { baseFee: nextBaseFee(chain.genesis.config, head), gasLimit: Number(head.gasLimit) };
    this.#plain.setHead(conditions, (key) => states.get(key) as AccountSummary, clock.monotonic(), judge);
    this.#recordIncluded(movement.joined.flatMap(({ transactions }) => transactions));
    this.#settle();
    const left = movement.left.flatMap(({ transactions }) => transactions);
    if (left.length > 0) void this.#reinject(left);
  }

  #recordIncluded(transactions: readonly Uint8Array[]): void {
    const { crypto } = this.#options;
    for (const transaction of transactions) this.#included.add(toHex(crypto.keccak256(transaction)));
  }

  /** Puts transactions of left blocks in again, those that are not on the new branch. */
  async #reinject(left: readonly Uint8Array[]): Promise<void> {
    const { crypto, log } = this.#options;
    try {
      for (let start = 0; start < left.length && !this.#isClosed; start += reinjectedPerTurn) {
        const part = left.slice(start, start + reinjectedPerTurn);
        for (const transaction of part) this.#included.delete(toHex(crypto.keccak256(transaction)));
        const results = await this.add(part);
        for (const { status } of results) if (status === 'added') this.counters.reinjected++;
        await this.#nextTurn();
      }
    } catch (error) {
      log.error({ error }, 'transactions of left blocks cannot be added');
    }
  }

  /** Judges all transactions again when a fork has come into force since the head (TP-16). */
  #judge(): void {
    const head = this.#head;
    if (head === undefined) return;
    const next = this.#rulesAfter(head);
    const isOther = isOtherFork(next, this.#next);
    this.#next = next;
    if (!isOther) return;
    this.#plain.judge(this.#judgeBy(next));
    this.#settle();
  }

  #judgeBy(next: NextRules): (entry: PlainEntry, sender: string) => PoolErrorCode | undefined {
    return (entry, sender) => checkAgain(entry.raw, fromHex(sender), next);
  }

  #rulesAfter(head: SealedHeader): NextRules {
    const { chain, clock } = this.#options;
    return nextRules(chain.genesis.config, head, Math.floor(clock.now() / 1000));
  }

  /** Applies the limits, and reports the changes. */
  #settle(): void {
    const { pending, dropped } = this.#plain.settle();
    for (const { reason } of dropped) this.counters.drop(reason);
    this.#dropped.emit(dropped.map(({ entry, reason }) => ({ hash: fromHex(entry.key), reason })));
    this.#pending.emit(pending.map(show));
  }

  #schedule(): void {
    const { clock, log } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#inTurn(async () => {
        if (this.#isClosed) return;
        this.#judge();
        this.#plain.expire(clock.monotonic());
        this.#settle();
        this.#schedule();
      }).catch((error: unknown) => log.error({ error }, 'the transaction pool has failed'));
    }, interval);
  }

  /** Executable transactions in the order of their arrival; of each sender those up to the first that is not wanted. */
  #executable(isWanted: (entry: PlainEntry) => boolean = () => true): PlainEntry[] {
    const entries: PlainEntry[] = [];
    for (const { pending } of this.#plain.accounts.values()) {
      for (const entry of pending) {
        if (!isWanted(entry)) break;
        entries.push(entry);
      }
    }
    return entries.sort((a, b) => a.arrival - b.arrival);
  }

  #contentOf(sender: string): SenderContent {
    const account = this.#plain.accounts.get(sender);
    return {
      sender: fromHex(sender),
      pending: (account?.pending ?? []).map(show),
      queued: (account?.queued ?? []).map(show),
    };
  }
}

const emptyAccount: AccountSummary = { nonce: 0n, balance: 0n, hasCode: false };
const noState: Refusal = refusal('no-state', 'the state of the head is not available');

function plainEntry(checked: CheckedTransaction, authorities: ReadonlySet<string>): PlainEntry {
  const { key, transaction, feeCap, tipCap, cost } = checked;
  return new PlainEntry({
    key,
    raw: transaction.raw.slice(),
    type: transaction.type,
    nonce: transaction.nonce,
    gas: Number(transaction.gas),
    feeCap,
    tipCap,
    cost,
    authorities: authorities.size === 0 ? undefined : [...authorities],
  });
}

function refusedResult(hash: Uint8Array | undefined, { code, reason }: Refusal): AddResult {
  return { status: 'refused', hash, code, reason };
}

function senderOf({ account }: PlainEntry): string {
  return account?.key ?? '';
}

function show(entry: PlainEntry): EncodedPoolTransaction {
  const { key, type, raw, nonce, feeCap, tipCap, isPending } = entry;
  const [hash, sender] = [fromHex(key), fromHex(senderOf(entry))];
  return { hash, sender, type, size: raw.length, nonce, feeCap, tipCap, isPending, raw };
}

/** Whether a read failed because of the state of the node, and not because of a fault of the program. */
function isExpected(error: unknown): boolean {
  return error instanceof ExecutionError || error instanceof ChainError || error instanceof StateError;
}

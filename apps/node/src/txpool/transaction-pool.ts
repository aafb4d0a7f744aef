import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { equalBytes, fromHex, toHex } from '@devp2p/bytes';
import type { Timer } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import type { AccountSummary } from '../chain/interfaces.ts';
import { createQueue } from '../chain/queue.ts';
import { ChainError } from '../errors/chain-error.ts';
import { ExecutionError } from '../errors/execution-error.ts';
import { StateError } from '../errors/state-error.ts';
import { blobParameters } from '../validation/chain-config.ts';
import { blobBaseFee, nextBaseFee, nextExcessBlobGas } from '../validation/fees.ts';
import { type CheckedTransaction, checkAgain, checkStateless } from './admission.ts';
import { type BlobCandidate, BlobPart, blobCandidate } from './blob/blob-part.ts';
import { PoolCounter } from './counters.ts';
import { type HeadMovement, readMovement } from './head-movement.ts';
import type {
  AddOptions,
  AddResult,
  DroppedTransaction,
  EncodedPoolTransaction,
  PoolErrorCode,
  PoolStatus,
  PoolTransaction,
  SenderContent,
} from './interfaces.ts';
import { Listeners } from './listeners.ts';
import { isTemporary, LocalTransactions } from './locals/local-transactions.ts';
import type { PoolChain, ProvenBlob, TransactionPool, TransactionPoolOptions } from './options.ts';
import type { AccountState } from './plain/plain-account.ts';
import { PlainEntry } from './plain/plain-entry.ts';
import { PlainPool } from './plain/plain-pool.ts';
import { RecentKeys } from './recent-keys.ts';
import { recoverSenders, type SentTransaction } from './recover-senders.ts';
import { type Refusal, refusal } from './refusal.ts';
import { Reservations } from './reservations.ts';
import { isOtherFork, type NextRules, nextRules } from './rules.ts';
import { blobLimitsOf, defaultRejournal, plainLimitsOf } from './settings.ts';
import { encoded, executable, hashesOf, pendingOf, shown, shownBlob } from './shown.ts';
import type { BlobSidecar, BlockConditions, PendingTransaction } from './transaction-source.ts';

export type { PoolChain, TransactionPool, TransactionPoolOptions };

/** Transactions of left blocks that are put in again at once. */
const reinjectedPerTurn = 128;
/** Hashes of transactions on chain that are remembered (go-ethereum, `txOnChainCacheLimit`). */
const maxIncluded = 32_768;
/** Time between two looks at idle accounts, local transactions and the fork schedule; the first is earlier. In ms. */
const interval = 60_000;
const firstInterval = 10_000;
const blobType = 3;

/**
 * Opens the pool of a chain that executes its blocks. It follows the head of the chain.
 *
 * @throws Error of the file system when the directory cannot be used
 */
export async function openTransactionPool(options: TransactionPoolOptions): Promise<TransactionPool> {
  const { directory, clock, log } = options;
  if (directory !== undefined) await mkdir(directory, { recursive: true });
  const reservations = new Reservations();
  const plain = new PlainPool(plainLimitsOf(options), reservations);
  const blobs =
    directory === undefined
      ? undefined
      : await BlobPart.open({
          directory: join(directory, 'blobs'),
          limits: blobLimitsOf(options),
          reservations,
          isAuthority: (account) => plain.isAuthority(account),
          clock,
          log,
        });
  const hasJournal = directory !== undefined && (options.journal ?? true);
  const locals = new LocalTransactions(hasJournal ? join(directory, 'transactions.rlp') : undefined, log);
  const pool = new NodePool(options, { plain, blobs, locals, reservations });
  await pool.start();
  return pool;
}

interface Parts {
  readonly plain: PlainPool;
  readonly blobs: BlobPart | undefined;
  readonly locals: LocalTransactions;
  readonly reservations: Reservations;
}

class NodePool implements TransactionPool {
  readonly counters = new PoolCounter();
  readonly #options: TransactionPoolOptions;
  readonly #chain: PoolChain;
  readonly #nextTurn: () => Promise<unknown>;
  readonly #plain: PlainPool;
  readonly #blobs: BlobPart | undefined;
  readonly #locals: LocalTransactions;
  readonly #reservations: Reservations;
  readonly #included = new RecentKeys(maxIncluded);
  readonly #inTurn = createQueue();
  readonly #pending = new Listeners<PoolTransaction>();
  readonly #dropped = new Listeners<DroppedTransaction>();
  readonly #unsubscribe: () => void;
  /** The head whose state the pool is at; `undefined` until one was read. */
  #head: SealedHeader | undefined;
  #next: NextRules;
  #timer: Timer | undefined;
  #lastRewrite: number;
  #isUpdating = false;
  /** Settled when the last {@link #look} has ended. */
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: TransactionPoolOptions, { plain, blobs, locals, reservations }: Parts) {
    this.#options = options;
    this.#chain = options.chain;
    this.#nextTurn = options.nextTurn ?? (() => setImmediate());
    this.#plain = plain;
    this.#blobs = blobs;
    this.#locals = locals;
    this.#reservations = reservations;
    this.#next = this.#rulesAfter(options.chain.head);
    this.#lastRewrite = options.clock.monotonic();
    this.#unsubscribe = options.chain.onHead(() => this.#onHead());
  }

  async start(): Promise<void> {
    this.#onHead();
    await this.settled();
    const transactions = await this.#locals.load();
    for (let start = 0; start < transactions.length; start += reinjectedPerTurn) {
      await this.add(transactions.slice(start, start + reinjectedPerTurn), { local: true });
    }
    if (transactions.length > 0) await this.#locals.rewrite();
    this.#schedule(firstInterval);
  }

  get status(): PoolStatus {
    const blobs = this.#blobs?.pool.size ?? 0;
    const queued = this.#plain.queuedCount + (this.#blobs?.gapped ?? 0);
    return { pending: this.#plain.pendingCount + blobs, queued, blobs };
  }

  get minTip(): bigint {
    return this.#plain.minTip;
  }

  async add(transactions: readonly Uint8Array[], { local = false }: AddOptions = {}): Promise<readonly AddResult[]> {
    const results: AddResult[] = new Array(transactions.length);
    const positions: number[] = [];
    const passed: CheckedTransaction[] = [];
    for (const [position, admission] of this.#check(transactions, local).entries()) {
      if ('refused' in admission) results[position] = refused(admission.hash, admission.refused);
      else {
        positions.push(position);
        passed.push(admission.checked);
      }
    }
    const sent = await recoverSenders(passed, this.#next, this.#options.crypto, this.#nextTurn);
    const outcomes = await this.#addSent(sent);
    for (const [i, outcome] of outcomes.entries()) {
      const { hash } = passed[i] as CheckedTransaction;
      const isAdded = typeof outcome === 'boolean';
      let result: AddResult = isAdded ? { status: 'added', hash, isPending: outcome } : refused(hash, outcome);
      if (local && (await this.#track(sent[i] as SentTransaction | Refusal, result)) && !isAdded) {
        result = { ...result, isKept: true } as AddResult;
      }
      results[positions[i] as number] = result;
    }
    for (const result of results) {
      if (result.status === 'added') this.counters.added++;
      else this.counters.refuse(result.code);
    }
    return results;
  }

  has(hash: Uint8Array): boolean {
    return this.#isKnown(toHex(hash));
  }

  wants(hash: Uint8Array, type: number): boolean {
    const key = toHex(hash);
    return this.#takes(type) && !this.#isKnown(key) && !this.#included.has(key);
  }

  async get(hash: Uint8Array): Promise<EncodedPoolTransaction | undefined> {
    const key = toHex(hash);
    const entry = this.#plain.get(key);
    if (entry !== undefined) return encoded(entry);
    const blob = this.#blobs?.pool.get(key);
    const raw = blob && (await this.#blobs?.raw(key));
    return blob && raw && { ...shownBlob(blob), raw };
  }

  async networkForm(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const key = toHex(hash);
    return this.#plain.get(key)?.raw ?? (await this.#blobs?.networkForm(key));
  }

  async nonce(address: Uint8Array): Promise<bigint> {
    const sender = toHex(address);
    const account = this.#plain.accounts.get(sender);
    if (account !== undefined) return account.nextNonce;
    const blobAccount = this.#blobs?.pool.accounts.get(sender);
    if (blobAccount !== undefined) return blobAccount.nonce + BigInt(blobAccount.entries.length);
    const [state] = await this.#chain.accounts((this.#head ?? this.#chain.head).hash, [address]);
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
    return executable(this.#plain).map(shown);
  }

  async pending(conditions: BlockConditions): Promise<readonly PendingTransaction[]> {
    this.#judge();
    const { baseFee, minTip, gasCap = Number.POSITIVE_INFINITY } = conditions;
    const least = minTip + baseFee;
    const isWanted = (entry: PlainEntry): boolean =>
      entry.tipCap >= minTip && entry.feeCap >= least && entry.gas <= gasCap;
    const plain = executable(this.#plain, isWanted).map((entry) => pendingOf(entry, this.#locals.has(entry.key)));
    const blobs = (await this.#blobs?.pending(conditions)) ?? [];
    return [...plain, ...blobs.map((one) => ({ ...one, isLocal: this.#locals.has(toHex(one.hash)) }))];
  }

  async sidecar(hash: Uint8Array): Promise<BlobSidecar | undefined> {
    return this.#blobs?.sidecar(toHex(hash));
  }

  async blobs(hashes: readonly Uint8Array[]): Promise<readonly (ProvenBlob | undefined)[]> {
    return (await this.#blobs?.blobs(hashes.map(toHex))) ?? hashes.map(() => undefined);
  }

  setMinTip(minTip: bigint): void {
    this.#plain.setMinTip(minTip);
    this.#settlePlain();
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
    await this.#looking;
    await this.#inTurn(async () => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#blobs?.close();
    this.#unsubscribe();
    await this.settled();
  }

  #isKnown(key: string): boolean {
    return this.#plain.has(key) || this.#blobs?.has(key) === true;
  }

  #takes(type: number): boolean {
    return this.#next.limits.types[type] === true && (type !== blobType || this.#blobs !== undefined);
  }

  /** Checks transactions by the rules that need neither state nor sender. */
  #check(transactions: readonly Uint8Array[], isLocal: boolean): ReturnType<typeof checkStateless>[] {
    this.#judge();
    const context = {
      next: this.#next,
      minTip: this.#plain.minTip,
      crypto: this.#options.crypto,
      isKnown: (key: string) => this.#isKnown(key),
      takes: (type: number) => this.#takes(type),
      isLocal,
    };
    return transactions.map((transaction) => checkStateless(transaction, context));
  }

  /** @returns whether each one is executable, or why it was refused */
  async #addSent(sent: readonly (SentTransaction | Refusal)[]): Promise<(boolean | Refusal)[]> {
    const outcomes: (boolean | Refusal)[] = sent.map((one) => ('code' in one ? one : noState));
    const plain = sent.flatMap((one, i) => ('code' in one || one.checked.sidecar !== undefined ? [] : [{ i, one }]));
    if (plain.length > 0) {
      const results = await this.#inTurn(() => this.#insertPlain(plain.map(({ one }) => one)));
      for (const [k, { i }] of plain.entries()) outcomes[i] = results[k] as boolean | Refusal;
    }
    for (const [i, one] of sent.entries()) {
      if (!('code' in one) && one.checked.sidecar !== undefined) outcomes[i] = await this.#addBlob(one);
    }
    return outcomes;
  }

  async #insertPlain(sent: readonly SentTransaction[]): Promise<(boolean | Refusal)[]> {
    const states = await this.#readStates(new Set(sent.map(({ sender }) => sender)));
    if ('code' in states) return sent.map(() => states);
    const now = this.#options.clock.monotonic();
    const entries = sent.map(plainEntry);
    const refusals = entries.map((entry, i) => {
      const { sender } = sent[i] as SentTransaction;
      return this.#plain.add(entry, sender, states.get(sender) as AccountState, now);
    });
    this.#settlePlain();
    return entries.map((entry, i) => refusals[i] ?? (entry.account === undefined ? poolFull : entry.isPending));
  }

  /** Adds a blob transaction: its proofs are verified after all other checks, while others are added. */
  async #addBlob({ checked, sender }: SentTransaction): Promise<boolean | Refusal> {
    const blobs = this.#blobs as BlobPart;
    const candidate = blobCandidate(checked, checked.sidecar as BlobSidecar, sender);
    const withState = <T>(action: (state: AccountState) => T | Promise<T>): Promise<T | Refusal> =>
      this.#inTurn(async () => {
        const states = await this.#readStates([sender]);
        return 'code' in states ? states : action(states.get(sender) as AccountState);
      });
    const early = await withState((state) => blobs.check(candidate.entry, state));
    if (early !== undefined) return early;
    const verified = await this.#verify(checked, candidate, sender);
    if ('code' in verified) return verified;
    return withState(async (state) => {
      const outcome = await blobs.add(verified, state);
      await this.#settleBlobs();
      return outcome === true && !blobs.pool.has(verified.entry.key) ? poolFull : outcome;
    });
  }

  /** Verifies the proofs of a blob transaction. A sidecar of version 0 gets cell proofs when the next block needs them. */
  async #verify(
    checked: CheckedTransaction,
    candidate: BlobCandidate,
    sender: string,
  ): Promise<BlobCandidate | Refusal> {
    const sidecar = checked.sidecar as BlobSidecar;
    try {
      if (!(await this.#chain.verifySidecar(sidecar))) return refusal('proof', 'invalid KZG proof of a blob');
      if (sidecar.version === this.#next.sidecarVersion) return candidate;
      const proofs = await this.#chain.cellProofs(sidecar.blobs);
      if (proofs === undefined) return refusal('proof', 'a field element of a blob is not canonical');
      return blobCandidate(checked, { ...sidecar, version: 1, proofs }, sender);
    } catch (error) {
      if (!isExpected(error)) throw error;
      return noState;
    }
  }

  /** Remembers a local transaction. @returns whether it is remembered */
  async #track(sent: SentTransaction | Refusal, result: AddResult): Promise<boolean> {
    if ('code' in sent || sent.checked.sidecar !== undefined) return false;
    if (result.status === 'refused' && !isTemporary(result.code)) return false;
    const { key, transaction } = sent.checked;
    const raw = this.#plain.get(key)?.raw ?? transaction.raw.slice();
    return this.#locals.track({ key, raw, sender: sent.sender, nonce: transaction.nonce });
  }

  /**
   * Accounts after the head. Those that have plain transactions are known.
   *
   * @param isAll whether they are read again. @default false
   */
  async #readStates(
    senders: Iterable<string>,
    head: SealedHeader | undefined = this.#head,
    isAll = false,
  ): Promise<ReadonlyMap<string, AccountState> | Refusal> {
    if (this.#isClosed) return refusal('closed', 'the transaction pool is closed');
    if (head === undefined) return noState;
    const states = new Map<string, AccountState>();
    const unknown: string[] = [];
    for (const sender of senders) {
      const account = isAll ? undefined : this.#plain.accounts.get(sender);
      if (account === undefined) unknown.push(sender);
      else states.set(sender, account);
    }
    if (unknown.length === 0) return states;
    try {
      const accounts = await this.#chain.accounts(head.hash, unknown.map(fromHex));
      for (const [i, sender] of unknown.entries()) states.set(sender, accounts[i] ?? emptyAccount);
      return states;
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
    const { head, genesis } = this.#chain;
    const old = this.#head;
    if (this.#isClosed || (old !== undefined && equalBytes(old.hash, head.hash))) return;
    const movement = await this.#movement(old ?? head, head);
    const left = movement.left.flatMap(({ transactions }) => transactions);
    await this.#blobs?.bringBack(this.#keysOf(left), this.#joinedBlobs(movement), this.#reservations);
    const senders = new Set([...this.#plain.accounts.keys(), ...(this.#blobs?.pool.accounts.keys() ?? [])]);
    const states = await this.#readStates(senders, head, true);
    if ('code' in states) return;
    const stateOf = (sender: string): AccountState => states.get(sender) ?? emptyAccount;
    const next = this.#rulesAfter(head);
    const isOther = isOtherFork(next, this.#next);
    this.#head = head;
    this.#next = next;
    const baseFee = nextBaseFee(genesis.config, head);
    const gasLimit = Number(head.gasLimit);
    const judge = isOther ? this.#judgeBy(next) : undefined;
    this.#plain.setHead({ baseFee, gasLimit }, stateOf, this.#options.clock.monotonic(), judge);
    this.#blobs?.setHead({ baseFee, blobFee: this.#blobFee(head), gasLimit, version: next.sidecarVersion }, stateOf);
    for (const { transactions } of movement.joined)
      for (const key of this.#keysOf(transactions)) this.#included.add(key);
    this.#settlePlain();
    await this.#settleBlobs();
    await this.#finalize(head);
    if (left.length > 0) void this.#reinject(left);
  }

  async #movement(from: SealedHeader, to: SealedHeader): Promise<HeadMovement> {
    try {
      return await readMovement(this.#chain, from, to);
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#options.log.warn({ error }, 'the transaction pool cannot read blocks');
      return { left: [], joined: [] };
    }
  }

  /** Numbers of the new blocks by the keys of their blob transactions. */
  #joinedBlobs({ joined }: HeadMovement): ReadonlyMap<string, number> {
    const numbers = new Map<string, number>();
    for (const { number, transactions } of joined) {
      const withBlobs = transactions.filter(([type]) => type === blobType);
      for (const key of this.#keysOf(withBlobs)) numbers.set(key, number);
    }
    return numbers;
  }

  #keysOf(transactions: readonly Uint8Array[]): string[] {
    return transactions.map((transaction) => toHex(this.#options.crypto.keccak256(transaction)));
  }

  #blobFee(head: SealedHeader): bigint {
    const { config } = this.#chain.genesis;
    const timestamp = head.timestamp + 1;
    const blobs = blobParameters(config, timestamp);
    return blobs === undefined ? 0n : blobBaseFee(nextExcessBlobGas(config, blobs, head, timestamp), blobs);
  }

  async #finalize(head: SealedHeader): Promise<void> {
    if (this.#blobs === undefined || this.#blobs.limbo.size === 0) return;
    const finalized = await this.#chain.finalizedBlock.read();
    await this.#blobs.limbo.finalize(finalized?.number ?? 0, head.number);
  }

  /** Puts transactions of left blocks in again, those that are not on the new branch. */
  async #reinject(left: readonly Uint8Array[]): Promise<void> {
    const plain = left.filter(([type]) => type !== blobType);
    try {
      for (let start = 0; start < plain.length && !this.#isClosed; start += reinjectedPerTurn) {
        const part = plain.slice(start, start + reinjectedPerTurn);
        const results = await this.add(part);
        for (const [i, { status, hash }] of results.entries()) {
          if (status !== 'added') continue;
          this.counters.reinjected++;
          this.#included.delete(toHex(hash ?? (part[i] as Uint8Array)));
        }
      }
    } catch (error) {
      this.#options.log.error({ error }, 'transactions of left blocks cannot be added');
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
    this.#settlePlain();
    this.#inTurn(async () => {
      this.#blobs?.pool.setVersion(next.sidecarVersion);
      await this.#settleBlobs();
    }).catch((error: unknown) => this.#options.log.error({ error }, 'blob transactions cannot be judged again'));
  }

  #judgeBy(next: NextRules): (entry: PlainEntry, sender: string) => PoolErrorCode | undefined {
    return (entry, sender) => checkAgain(entry.raw, fromHex(sender), next);
  }

  #rulesAfter(head: SealedHeader): NextRules {
    return nextRules(this.#chain.genesis.config, head, Math.floor(this.#options.clock.now() / 1000));
  }

  /** Applies the limits, and reports the changes. */
  #settlePlain(): void {
    const { pending, dropped } = this.#plain.settle();
    for (const { reason } of dropped) this.counters.drop(reason);
    this.#dropped.emit(hashesOf(dropped));
    this.#pending.emit(pending.map(shown));
  }

  async #settleBlobs(): Promise<void> {
    const changes = await this.#blobs?.settle();
    if (changes === undefined) return;
    for (const { reason } of changes.dropped) this.counters.drop(reason);
    this.#dropped.emit(changes.dropped);
    this.#pending.emit(changes.pending.map(shownBlob));
  }

  #schedule(delay = interval): void {
    const { clock, log } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => log.error({ error }, 'the transaction pool has failed'))
        .finally(() => {
          if (!this.#isClosed) this.#schedule();
        });
    }, delay);
  }

  /** Drops idle accounts, and puts local transactions in again that the pool has lost. */
  async #look(): Promise<void> {
    const { clock, rejournal = defaultRejournal } = this.#options;
    this.#judge();
    this.#plain.expire(clock.monotonic());
    this.#settlePlain();
    await this.#returnLocals();
    if (clock.monotonic() - this.#lastRewrite < rejournal) return;
    this.#lastRewrite = clock.monotonic();
    await this.#locals.rewrite();
  }

  async #returnLocals(): Promise<void> {
    const locals = this.#locals.list();
    if (locals.length === 0) return;
    const states = await this.#inTurn(() => this.#readStates(new Set(locals.map(({ sender }) => sender))));
    if ('code' in states) return;
    const isPassed = ({ nonce, sender }: (typeof locals)[number]): boolean =>
      nonce < (states.get(sender) as AccountState).nonce;
    for (const local of locals) if (isPassed(local)) this.#locals.forget(local.key);
    const lost = locals.filter((local) => !isPassed(local) && !this.#plain.has(local.key));
    for (let start = 0; start < lost.length; start += reinjectedPerTurn) {
      await this.add(lost.slice(start, start + reinjectedPerTurn).map(({ raw }) => raw));
    }
  }

  #contentOf(sender: string): SenderContent {
    const account = this.#plain.accounts.get(sender);
    return {
      sender: fromHex(sender),
      pending: (account?.pending ?? []).map(encoded),
      queued: (account?.queued ?? []).map(encoded),
    };
  }
}

const emptyAccount: AccountSummary = { nonce: 0n, balance: 0n, hasCode: false };
const noState: Refusal = refusal('no-state', 'the state of the head is not available');
const poolFull: Refusal = refusal('full', 'txpool is full');

function plainEntry({ checked, authorities }: SentTransaction): PlainEntry {
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
    authorities: authorities.length === 0 ? undefined : authorities,
  });
}

function refused(hash: Uint8Array | undefined, { code, reason }: Refusal): AddResult {
  return { status: 'refused', hash, code, reason };
}

/** Whether a read failed because of the state of the node, and not because of a fault of the program. */
function isExpected(error: unknown): boolean {
  return error instanceof ExecutionError || error instanceof ChainError || error instanceof StateError;
}

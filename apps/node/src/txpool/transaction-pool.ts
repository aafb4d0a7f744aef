import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex } from '@devp2p/bytes';
import type { BlobSidecar } from '@devp2p/eth';
import { BlobPart } from './blob/blob-part.ts';
import type { PoolCounters } from './counters.ts';
import { HeadFollower } from './head-follower.ts';
import type {
  AddOptions,
  AddResult,
  DroppedTransaction,
  EncodedPoolTransaction,
  PoolStatus,
  PoolTransaction,
  SenderContent,
} from './interfaces.ts';
import { LocalTransactions } from './locals/local-transactions.ts';
import type { PoolChain, ProvenBlob, TransactionPool, TransactionPoolOptions } from './options.ts';
import type { PlainEntry } from './plain/plain-entry.ts';
import { PlainPool } from './plain/plain-pool.ts';
import { PoolCore } from './pool-core.ts';
import { Reservations } from './reservations.ts';
import { blobLimitsOf, plainLimitsOf } from './settings.ts';
import { encoded, executable, pendingOf, shown, shownBlob } from './shown.ts';
import { TransactionAdder } from './transaction-adder.ts';
import type { BlockConditions, PendingTransaction } from './transaction-source.ts';
import { Upkeep } from './upkeep.ts';

export type { PoolChain, TransactionPool, TransactionPoolOptions };

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
  const pool = new NodePool(new PoolCore(options, { plain, blobs, locals, reservations }));
  await pool.start();
  return pool;
}

class NodePool implements TransactionPool {
  readonly counters: PoolCounters;
  readonly #core: PoolCore;
  readonly #adder: TransactionAdder;
  readonly #follower: HeadFollower;
  readonly #upkeep: Upkeep;

  constructor(core: PoolCore) {
    this.counters = core.counters;
    this.#core = core;
    this.#adder = new TransactionAdder(core);
    this.#follower = new HeadFollower(core, this.#adder);
    this.#upkeep = new Upkeep(core, this.#adder);
  }

  async start(): Promise<void> {
    this.#follower.onHead();
    await this.settled();
    await this.#upkeep.start();
  }

  add(transactions: readonly Uint8Array[], options?: AddOptions): Promise<readonly AddResult[]> {
    return this.#adder.add(transactions, options);
  }

  async settled(): Promise<void> {
    await this.#upkeep.settled();
    await this.#core.inTurn(async () => {});
  }

  async close(): Promise<void> {
    this.#core.isClosed = true;
    this.#upkeep.stop();
    this.#core.blobs?.close();
    this.#follower.stop();
    await this.settled();
  }

  get status(): PoolStatus {
    const blobs = this.#core.blobs?.pool.size ?? 0;
    const queued = this.#core.plain.queuedCount + (this.#core.blobs?.gapped ?? 0);
    return { pending: this.#core.plain.pendingCount + blobs, queued, blobs };
  }

  get minTip(): bigint {
    return this.#core.plain.minTip;
  }

  has(hash: Uint8Array): boolean {
    return this.#core.isKnown(toHex(hash));
  }

  wants(hash: Uint8Array, type: number): boolean {
    const key = toHex(hash);
    return this.#core.takes(type) && !this.#core.isKnown(key) && !this.#core.included.has(key);
  }

  async get(hash: Uint8Array): Promise<EncodedPoolTransaction | undefined> {
    const key = toHex(hash);
    const entry = this.#core.plain.get(key);
    if (entry !== undefined) return encoded(entry);
    const blob = this.#core.blobs?.pool.get(key);
    const raw = blob && (await this.#core.blobs?.raw(key));
    return blob && raw && { ...shownBlob(blob), raw };
  }

  async networkForm(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const key = toHex(hash);
    return this.#core.plain.get(key)?.raw ?? (await this.#core.blobs?.networkForm(key));
  }

  async nonce(address: Uint8Array): Promise<bigint> {
    const sender = toHex(address);
    const account = this.#core.plain.accounts.get(sender);
    if (account !== undefined) return account.nextNonce;
    const blobAccount = this.#core.blobs?.pool.accounts.get(sender);
    if (blobAccount !== undefined) return blobAccount.nonce + BigInt(blobAccount.entries.length);
    const [state] = await this.#core.chain.accounts((this.#core.head ?? this.#core.chain.head).hash, [address]);
    return state?.nonce ?? 0n;
  }

  content(): readonly SenderContent[] {
    return [...this.#core.plain.accounts.keys()].map((sender) => this.#contentOf(sender));
  }

  contentFrom(address: Uint8Array): SenderContent {
    return this.#contentOf(toHex(address));
  }

  plainPending(): readonly PoolTransaction[] {
    this.#core.judge();
    return executable(this.#core.plain).map(shown);
  }

  async pending(conditions: BlockConditions): Promise<readonly PendingTransaction[]> {
    this.#core.judge();
    const { baseFee, minTip, gasCap = Number.POSITIVE_INFINITY } = conditions;
    const least = minTip + baseFee;
    const isWanted = (entry: PlainEntry): boolean =>
      entry.tipCap >= minTip && entry.feeCap >= least && entry.gas <= gasCap;
    const plain = executable(this.#core.plain, isWanted).map((entry) =>
      pendingOf(entry, this.#core.locals.has(entry.key)),
    );
    const blobs = (await this.#core.blobs?.pending(conditions)) ?? [];
    return [...plain, ...blobs.map((one) => ({ ...one, isLocal: this.#core.locals.has(toHex(one.hash)) }))];
  }

  async sidecar(hash: Uint8Array): Promise<BlobSidecar | undefined> {
    return this.#core.blobs?.sidecar(toHex(hash));
  }

  async blobs(hashes: readonly Uint8Array[]): Promise<readonly (ProvenBlob | undefined)[]> {
    return (await this.#core.blobs?.blobs(hashes.map(toHex))) ?? hashes.map(() => undefined);
  }

  setMinTip(minTip: bigint): void {
    this.#core.plain.setMinTip(minTip);
    this.#core.settlePlain();
  }

  onPending(listener: (transactions: readonly PoolTransaction[]) => void): () => void {
    return this.#core.pending.add(listener);
  }

  onDropped(listener: (transactions: readonly DroppedTransaction[]) => void): () => void {
    return this.#core.dropped.add(listener);
  }

  pendingTransactions({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<PoolTransaction> {
    return this.#core.pending.iterate(signal);
  }

  droppedTransactions({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<DroppedTransaction> {
    return this.#core.dropped.iterate(signal);
  }

  #contentOf(sender: string): SenderContent {
    const account = this.#core.plain.accounts.get(sender);
    return {
      sender: fromHex(sender),
      pending: (account?.pending ?? []).map(encoded),
      queued: (account?.queued ?? []).map(encoded),
    };
  }
}

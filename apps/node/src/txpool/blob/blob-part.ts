import { fromHex, toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import { type BlobSidecar, decodePooledTransaction, encodePooledTransaction, type Transaction } from '@devp2p/eth';
import { cellsPerBlob } from '../../execution/kzg/sizes.ts';
import type { Log } from '../../logging/log.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { type CheckedTransaction, pricesOf } from '../admission.ts';
import type { DroppedTransaction } from '../interfaces.ts';
import type { ProvenBlob } from '../options.ts';
import type { AccountState } from '../plain/plain-account.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { Reservations } from '../reservations.ts';
import type { BlockConditions, PendingTransaction } from '../transaction-source.ts';
import { BlobEntry } from './blob-entry.ts';
import { type BlobFileHead, BlobFiles, encodeBlobFile } from './blob-files.ts';
import { type BlobHead, type BlobLimits, BlobPool } from './blob-pool.ts';
import { Limbo } from './limbo.ts';

/** Time for which a transaction waits for an earlier nonce, in ms, and number of those that wait (go-ethereum). */
const gappedLifetime = 60_000;
const maxGapped = 128;
/** Longest transaction without its blobs that is kept in memory as well. */
const maxRawInMemory = 1024;
/** Blobs of the transactions that are offered for a block, which is several times its limit. */
const maxOfferedBlobs = 128;

/** @see openBlobPart */
export interface BlobPartOptions {
  /** Directory of the files, created if it is missing. */
  readonly directory: string;
  readonly limits: BlobLimits;
  readonly reservations: Reservations;
  readonly isAuthority: (account: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A blob transaction that has passed the checks without state, with verified proofs. */
export interface BlobCandidate {
  readonly entry: BlobEntry;
  /** Of its file. */
  readonly content: Uint8Array;
}

/** The blob pool with its files. All methods that change it are to be called one after another. */
export class BlobPart {
  readonly pool: BlobPool;
  readonly limbo: Limbo;
  readonly #files: BlobFiles;
  readonly #clock: Clock;
  /** Transactions that wait for an earlier nonce, the oldest first. */
  readonly #gapped = new Map<string, BlobCandidate & { readonly until: number }>();
  #timer: Timer | undefined;
  /** Blocks of the last head's branch by the key of their blob transactions. */
  #joined: ReadonlyMap<string, number> = new Map();

  private constructor(files: BlobFiles, options: BlobPartOptions) {
    this.#files = files;
    this.#clock = options.clock;
    this.pool = new BlobPool(options.limits, options.reservations, options.isAuthority);
    this.limbo = new Limbo(files, options.log);
  }

  /** Opens the part. Its transactions are to be checked by {@link setHead}. */
  static async open(options: BlobPartOptions): Promise<BlobPart> {
    const files = await BlobFiles.open(options.directory);
    const part = new BlobPart(files, options);
    const removed = await files.load((key, head, length) => {
      const entry = entryOf(key, head, length);
      if (entry !== undefined) part.pool.restore(entry);
    });
    await part.limbo.load();
    if (removed > 0) options.log.warn({ removed }, 'damaged files of blob transactions were removed');
    return part;
  }

  /** Number of transactions that wait for an earlier nonce. */
  get gapped(): number {
    return this.#gapped.size;
  }

  has(key: string): boolean {
    return this.pool.has(key) || this.#gapped.has(key);
  }

  /** Checks a transaction before its proofs are verified. */
  check(entry: BlobEntry, state: AccountState): Refusal | undefined {
    if (this.#gapped.has(entry.key)) return refusal('known', 'already known');
    return this.pool.check(entry, state, this.#gapped.size < maxGapped);
  }

  /** Adds a transaction with verified proofs, and those that have waited for it. @returns whether it is pending */
  async add(candidate: BlobCandidate, state: AccountState): Promise<boolean | Refusal> {
    const { entry } = candidate;
    const refused = this.check(entry, state);
    if (refused !== undefined) return refused;
    if (entry.nonce > this.pool.nextNonce(entry.sender, state)) {
      this.#gapped.set(entry.key, { ...candidate, until: this.#clock.monotonic() + gappedLifetime });
      this.#schedule();
      return false;
    }
    await this.#store(candidate, state);
    for (const next of this.#waiting(entry.sender)) {
      if (this.pool.check(next.entry, state) !== undefined) continue;
      this.#gapped.delete(next.entry.key);
      await this.#store(next, state);
    }
    return true;
  }

  /** Moves transactions of left blocks back that the new branch does not have. To be followed by {@link setHead}. */
  async bringBack(
    left: readonly string[],
    joined: ReadonlyMap<string, number>,
    reservations: Reservations,
  ): Promise<void> {
    this.#joined = joined;
    for (const [key, number] of joined) await this.limbo.move(key, number);
    for (const key of left) {
      if (joined.has(key)) continue;
      const found = await this.limbo.take(key);
      const entry = found && entryOf(key, found.head, found.length);
      if (entry === undefined) continue;
      if (reservations.isTaken(entry.sender, 'blob')) await this.#files.remove(key);
      else this.pool.restore(entry);
    }
  }

  setHead(head: BlobHead, states: (account: string) => AccountState, judge?: Parameters<BlobPool['setHead']>[2]): void {
    this.pool.setHead(head, states, judge);
  }

  /** Applies the changes to the files. @returns the changes that the users of the pool see */
  async settle(): Promise<{ readonly pending: readonly BlobEntry[]; readonly dropped: readonly DroppedTransaction[] }> {
    const { pending, dropped } = this.pool.settle();
    for (const { entry, reason } of dropped) {
      const number = reason === 'included' ? this.#joined.get(entry.key) : undefined;
      if (number !== undefined) await this.limbo.add(entry.key, number);
      else if (!this.pool.has(entry.key)) await this.#files.remove(entry.key);
    }
    return { pending, dropped: dropped.map(({ entry, reason }) => ({ hash: fromHex(entry.key), reason })) };
  }

  networkForm(key: string): Promise<Uint8Array | undefined> {
    return this.pool.has(key) ? this.#files.read(key) : Promise.resolve(undefined);
  }

  async raw(key: string): Promise<Uint8Array | undefined> {
    const entry = this.pool.get(key);
    return entry && (entry.raw ?? this.#files.readRaw(key));
  }

  async sidecar(key: string): Promise<BlobSidecar | undefined> {
    const networkForm = await this.networkForm(key);
    return networkForm && decodePooledTransaction(networkForm).sidecar;
  }

  /** Blobs by the hex of their versioned hashes; each file is read once. */
  async blobs(hashes: readonly string[]): Promise<readonly (ProvenBlob | undefined)[]> {
    const sidecars = new Map<string, BlobSidecar | undefined>();
    const found: (ProvenBlob | undefined)[] = [];
    for (const hash of hashes) {
      const entry = this.pool.findByBlob(hash);
      if (entry !== undefined && !sidecars.has(entry.key)) sidecars.set(entry.key, await this.sidecar(entry.key));
      const sidecar = entry && sidecars.get(entry.key);
      found.push(entry && sidecar && blobOf(sidecar, entry.hashes.indexOf(hash)));
    }
    return found;
  }

  /** Transactions that a block may include, those with the highest tips. */
  async pending(conditions: BlockConditions): Promise<readonly (PendingTransaction & { readonly arrival: number })[]> {
    const { baseFee, minTip, blobFee, gasCap = Number.POSITIVE_INFINITY, sidecarVersion } = conditions;
    if (blobFee === undefined) return [];
    const accounts: { readonly entries: readonly BlobEntry[]; readonly tip: bigint }[] = [];
    for (const { entries } of this.pool.accounts.values()) {
      const end = entries.findIndex(
        (entry) =>
          entry.tipCap < minTip ||
          entry.feeCap < baseFee + minTip ||
          entry.blobFeeCap < blobFee ||
          entry.gas > gasCap ||
          entry.version !== sidecarVersion,
      );
      const usable = end < 0 ? entries : entries.slice(0, end);
      const [first] = usable;
      if (first !== undefined) accounts.push({ entries: usable, tip: first.tipCap });
    }
    accounts.sort((a, b) => (a.tip > b.tip ? -1 : a.tip < b.tip ? 1 : 0));
    const pending: (PendingTransaction & { arrival: number })[] = [];
    let blobs = 0;
    for (const entry of accounts.flatMap(({ entries }) => entries)) {
      blobs += entry.hashes.length;
      if (blobs > maxOfferedBlobs) break;
      const raw = await this.raw(entry.key);
      if (raw === undefined) continue;
      pending.push({
        hash: fromHex(entry.key),
        raw,
        sender: fromHex(entry.sender),
        nonce: entry.nonce,
        gas: entry.gas,
        feeCap: entry.feeCap,
        tipCap: entry.tipCap,
        isLocal: false,
        blobs: { count: entry.hashes.length, feeCap: entry.blobFeeCap, version: entry.version },
        arrival: entry.arrival,
      });
    }
    return pending;
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #store({ entry, content }: BlobCandidate, state: AccountState): Promise<void> {
    await this.#files.write(entry.key, content);
    this.pool.insert(entry, state);
  }

  /** Waiting transactions of a sender by nonce. */
  #waiting(sender: string): readonly BlobCandidate[] {
    const waiting = [...this.#gapped.values()].filter(({ entry }) => entry.sender === sender);
    return waiting.sort((a, b) => (a.entry.nonce < b.entry.nonce ? -1 : 1));
  }

  /** Drops transactions that have waited for too long. */
  #schedule(): void {
    const [oldest] = this.#gapped.values();
    if (this.#timer !== undefined || oldest === undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      const now = this.#clock.monotonic();
      for (const [key, { until }] of this.#gapped) if (until <= now) this.#gapped.delete(key);
      this.#schedule();
    }, oldest.until - this.#clock.monotonic());
  }
}

/** Makes an entry, and the content of its file. @param sender hex of the address */
export function blobCandidate(
  { key, transaction }: CheckedTransaction,
  sidecar: BlobSidecar,
  sender: string,
): BlobCandidate {
  const { version } = sidecar;
  const { raw } = transaction;
  const networkForm = encodePooledTransaction(raw, sidecar);
  const content = encodeBlobFile({ sender: fromHex(sender), raw, version }, networkForm);
  const sizes = { size: networkForm.length, stored: content.length, version };
  return { entry: newEntry(key, transaction, sender, sizes), content };
}

function blobOf({ version, blobs, proofs }: BlobSidecar, position: number): ProvenBlob {
  const perBlob = version === 1 ? cellsPerBlob : 1;
  const blob = blobs[position] as Uint8Array;
  return { blob, version, proofs: proofs.slice(position * perBlob, (position + 1) * perBlob) };
}

/** @returns `undefined` for a file of another program */
function entryOf(key: string, head: BlobFileHead, stored: number): BlobEntry | undefined {
  try {
    const transaction = decodeTransaction(head.raw);
    const { size, version } = head;
    return newEntry(key, transaction, toHex(head.sender), { size, stored, version });
  } catch {
    return undefined;
  }
}

function newEntry(
  key: string,
  transaction: Transaction,
  sender: string,
  { size, stored, version }: { readonly size: number; readonly stored: number; readonly version: 0 | 1 },
): BlobEntry {
  const { raw, nonce, gas, blobVersionedHashes = [], maxFeePerBlobGas = 0n } = transaction;
  return new BlobEntry({
    key,
    sender,
    nonce,
    gas: Number(gas),
    ...pricesOf(transaction),
    blobFeeCap: maxFeePerBlobGas,
    hashes: blobVersionedHashes.map(toHex),
    version,
    size,
    stored,
    raw: raw.length <= maxRawInMemory ? raw.slice() : undefined,
  });
}

import { setImmediate } from 'node:timers/promises';
import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody, type RawList } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import { canonicalHashes, canonicalRefs } from '../canonical.ts';
import { type Change, type Database, del, put } from '../database.ts';
import { corrupt, decodeRecord, numberCodec } from '../records.ts';
import { type BlockRef, blockKey, metaKey, sublevels, transactionKey } from '../schema.ts';
import type { AddedBlock, BackgroundIndex, CanonicalMove, IndexState, IndexUpdate } from './canonical-index.ts';

/** Position of a transaction on the canonical chain. */
export interface TransactionPosition {
  readonly number: number;
  /** Within the block. */
  readonly index: number;
}

/** Limits of one step in the background. */
const maxStep = { blocks: 256, bytes: 1024 * 1024 };
/** Blocks by which the index may exceed its limit before the excess is removed, so that not every block costs a batch. */
const removalDelay = 64;
/** Transactions that are hashed before other work has its turn. */
const turn = 512;

/** Bytes of a stored position: 5 of the number, 3 of the index. */
const positionLength = 8;

/** @see TransactionIndex.open */
export interface TransactionIndexOptions {
  readonly database: Database;
  readonly crypto: Crypto;
  /** Number of the canonical head. */
  readonly head: () => number;
  /** Recent blocks whose transactions are indexed; 0 for all blocks, `false` for no index. */
  readonly history: number | false;
}

/**
 * Positions of the transactions of canonical blocks, by hash. New blocks are indexed in the batch that makes them
 * canonical; older ones in steps, from the newest to the oldest, so that the record of the oldest indexed block is all
 * that a restart needs.
 */
export class TransactionIndex implements BackgroundIndex {
  readonly #options: TransactionIndexOptions;
  /** The canonical blocks from this number on are indexed. */
  #first: number;

  private constructor(options: TransactionIndexOptions, first: number) {
    this.#options = options;
    this.#first = first;
  }

  /**
   * Opens the index of a database. One that is switched off is removed.
   *
   * @throws ChainError
   */
  static async open(options: TransactionIndexOptions): Promise<TransactionIndex> {
    const { database, head, history } = options;
    const record = await database.get(metaKey('transactions'));
    if (history === false) {
      if (record !== undefined) await database.batch([del(metaKey('transactions'))]);
      return new TransactionIndex(options, Number.POSITIVE_INFINITY);
    }
    const first =
      record === undefined ? head() + 1 : decodeRecord(numberCodec, record, 'the record of indexed transactions');
    return new TransactionIndex(options, Math.min(first, head() + 1));
  }

  get state(): IndexState {
    const { history } = this.#options;
    const isEnabled = history !== false;
    const window = history === false ? 0 : history;
    return {
      isEnabled,
      window,
      first: this.#first,
      remaining: isEnabled ? Math.max(0, this.#first - this.#target) : 0,
    };
  }

  /**
   * The position at which a transaction was indexed. An entry of an earlier index or of another transaction with the same
   * first bytes of its hash is possible, so the caller compares the hash.
   *
   * @param hash 32 bytes
   * @throws ChainError
   */
  async find(hash: Uint8Array): Promise<TransactionPosition | undefined> {
    if (!this.state.isEnabled) return undefined;
    const value = await this.#options.database.get(transactionKey(hash));
    return value && decodePosition(value);
  }

  async follow({ ancestor, replaced, added }: CanonicalMove): Promise<IndexUpdate> {
    if (!this.state.isEnabled) return unchanged;
    const changes: Change[] = [];
    const first = Math.min(this.#first, ancestor + 1);
    const indexed = replaced.filter(({ number }) => number >= this.#first);
    await this.#each(indexed, (key) => changes.push(del(key)));
    // After the removals, since a transaction is often in both branches.
    await this.#each(added, (key, value) => changes.push(put(key, value)));
    if (first !== this.#first) changes.push(putFirst(first));
    return {
      changes,
      onWritten: () => {
        this.#first = first;
      },
    };
  }

  async prepareStep(): Promise<(() => Promise<void>) | undefined> {
    const { database, history } = this.#options;
    if (history === false) {
      // Entries are left by an index that has been switched off.
      const [left] = await database.firstKeys(sublevels.transactions.all, 1);
      return left && (() => database.clear(sublevels.transactions.all));
    }
    const [from, target] = [this.#first, this.#target];
    if (from > target) {
      const blocks = await this.#blocks(Math.max(target, from - maxStep.blocks), from - 1, 'last');
      return this.#write(from, blocks[0]?.number ?? from, blocks, put);
    }
    if (target - from < removalDelay) return undefined;
    const blocks = await this.#blocks(from, Math.min(target, from + maxStep.blocks) - 1, 'first');
    return this.#write(from, (blocks.at(-1)?.number ?? from) + 1, blocks, del);
  }

  /** The number from which on blocks are to be indexed. */
  get #target(): number {
    const { head, history } = this.#options;
    return history === false || history === 0 ? 0 : Math.max(0, head() + 1 - history);
  }

  /** Prepares the changes for blocks, and a function that writes them if those are still canonical. */
  async #write(
    from: number,
    first: number,
    blocks: readonly AddedBlock[],
    change: typeof put | typeof del,
  ): Promise<() => Promise<void>> {
    const changes: Change[] = [];
    await this.#each(blocks, (key, value) => changes.push(change(key, value)));
    return async () => {
      const last = blocks.at(-1);
      const [hash] = last === undefined ? [] : await canonicalHashes(this.#options.database, [last.number]);
      const isStale = last === undefined || hash === undefined || !equalBytes(hash, last.hash);
      if (this.#first !== from || isStale) return;
      await this.#options.database.batch([...changes, putFirst(first)]);
      this.#first = first;
    };
  }

  /** Reads canonical blocks up to the size of one step. @param kept which of them, if they exceed it */
  async #blocks(first: number, last: number, kept: 'first' | 'last'): Promise<AddedBlock[]> {
    const { database } = this.#options;
    const refs = await canonicalRefs(database, first, last);
    if (kept === 'last') refs.reverse();
    const blocks: AddedBlock[] = [];
    let bytes = 0;
    for (let at = 0; at < refs.length && bytes < maxStep.bytes; at += readBatch) {
      const batch = refs.slice(at, at + readBatch);
      const bodies = await database.getMany(batch.map(({ number, hash }) => blockKey('bodies', number, hash)));
      for (const [i, body] of bodies.entries()) {
        blocks.push({ ...(batch[i] as BlockRef), body });
        bytes += body?.length ?? 0;
      }
    }
    return kept === 'last' ? blocks.reverse() : blocks;
  }

  /** Calls back with the entry of each transaction. */
  async #each(blocks: readonly AddedBlock[], onEntry: (key: Uint8Array, value: Uint8Array) => void): Promise<void> {
    const { database, crypto } = this.#options;
    let count = 0;
    for (const { number, hash, body } of blocks) {
      const raw = body ?? (await database.get(blockKey('bodies', number, hash)));
      const transactions = transactionsOf(raw, number);
      // One buffer for all of a block: an entry costs less than a microsecond beside the hash.
      const values = encodePositions(number, transactions.length);
      for (let index = 0; index < transactions.length; index++) {
        if (++count % turn === 0) await setImmediate();
        const value = values.subarray(index * positionLength, (index + 1) * positionLength);
        onEntry(transactionKey(crypto.keccak256(transactions.at(index))), value);
      }
    }
  }
}

/** Blocks whose bodies are read at once. */
const readBatch = 16;

const unchanged: IndexUpdate = { changes: [], onWritten: () => {} };

function putFirst(first: number): Change {
  return put(metaKey('transactions'), encode(numberCodec, first));
}

/** The positions of all transactions of a block, one after another. */
function encodePositions(number: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * positionLength);
  const view = new DataView(bytes.buffer);
  const high = Math.floor(number / 2 ** 8);
  const low = (number % 2 ** 8) * 2 ** 24;
  for (let index = 0; index < count; index++) {
    view.setUint32(index * positionLength, high);
    view.setUint32(index * positionLength + 4, low + index);
  }
  return bytes;
}

/** @throws ChainError `corrupt` */
function decodePosition(value: Uint8Array): TransactionPosition {
  if (value.length !== positionLength) throw corrupt('the position of a transaction');
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const low = view.getUint32(4);
  return { number: view.getUint32(0) * 2 ** 8 + Math.floor(low / 2 ** 24), index: low % 2 ** 24 };
}

function transactionsOf(body: Uint8Array | undefined, number: number): RawList {
  if (body === undefined) throw corrupt(`the body of block ${number}`);
  try {
    return decodeBody(body).transactions;
  } catch (error) {
    throw corrupt(`the body of block ${number}`, error);
  }
}

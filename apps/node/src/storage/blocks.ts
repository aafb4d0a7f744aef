import type { Crypto } from '@devp2p/crypto';
import type { HeaderQuery, SealedHeader } from '@devp2p/eth';
import {
  type Head,
  putBlock,
  putHead,
  putReceiptRanges,
  readHead,
  readReceiptRanges,
  removeBlock,
  type StoredBlock,
} from './block-records.ts';
import {
  canonicalHashes,
  canonicalHeaderRecords,
  canonicalHeaders,
  canonicalNumber,
  canonicalRefs,
  replaceCanonical,
  storedNumbers,
  successiveHeaderRecords,
} from './canonical.ts';
import { type Change, type Database, del, put } from './database.ts';
import { type CanonicalIndex, followMove } from './indexes/canonical-index.ts';
import { gapsIn, type NumberRange, type NumberRanges, upTo, withNumbers } from './number-ranges.ts';
import { type CachedRecord, RecordCache } from './record-cache.ts';
import { corrupt, decodeHeaderRecord, isList } from './records.ts';
import { type BlockRef, blockKey, blockOfKey, blockRange, sublevels } from './schema.ts';

/** Blocks that are removed in one batch. */
const removeBatch = 1_024;
/** Side blocks that are removed along with one write. */
const pruneBatch = 128;
/** Headers that are read at once on the way down from the head. */
const rewindBatch = 512;
/** Memory for records that peers requested recently, in bytes. */
const cacheSize = 32 * 1024 * 1024;

/** A block that becomes canonical. */
interface CanonicalBlock {
  readonly header: SealedHeader;
  readonly hasReceipts: boolean;
  /** Absent for a block that is stored already. */
  readonly body?: Uint8Array | undefined;
}

/** @see BlockStore */
export interface BlockStoreOptions {
  readonly database: Database;
  readonly crypto: Crypto;
  /** Side blocks are removed when the head is more than this number of blocks above them. */
  readonly sideBlockDepth: number;
}
/**
 * Blocks by their hash, of which the canonical ones are indexed by number. A block that a reorganization removes from
 * the canonical chain becomes a side block, and stays readable by its hash until it is deeper than the limit. Values
 * are not decoded except where stated.
 */
export class BlockStore {
  readonly #database: Database;
  readonly #crypto: Crypto;
  readonly #sideBlockDepth: number;
  #head: Head;
  /** Numbers of canonical blocks with receipts. */
  #withReceipts: NumberRanges;
  /** No side block has a lower number; `undefined` without side blocks. */
  #lowestSide: number | undefined;
  /** Records of stored blocks; absent while blocks are removed. */
  #cache: RecordCache | undefined = new RecordCache(cacheSize);
  /** Indexes of the canonical chain, which change with it. */
  readonly #indexes: CanonicalIndex[] = [];

  private constructor(
    { database, crypto, sideBlockDepth }: BlockStoreOptions,
    head: Head,
    withReceipts: NumberRanges,
    lowestSide: number | undefined,
  ) {
    this.#database = database;
    this.#crypto = crypto;
    this.#sideBlockDepth = sideBlockDepth;
    this.#head = head;
    this.#withReceipts = withReceipts;
    this.#lowestSide = lowestSide;
  }

  /**
   * Opens the blocks of a database that has been prepared.
   *
   * @throws ChainError `corrupt`
   */
  static async open(options: BlockStoreOptions): Promise<BlockStore> {
    const { database, crypto } = options;
    const head = await readHead(database, crypto);
    const withReceipts = await readReceiptRanges(database, head.header.number);
    const [side] = await database.firstKeys(sublevels.sideBlocks.all, 1);
    const lowestSide = side && blockOfKey(side).number;
    return new BlockStore(options, head, withReceipts, lowestSide);
  }

  get head(): Head {
    return this.#head;
  }

  /** Has an index changed with the canonical chain from now on. */
  addIndex(index: CanonicalIndex): void {
    this.#indexes.push(index);
  }

  /** Canonical blocks without a gap that have their receipts: those up to the head, or else the longest such range. */
  get complete(): NumberRange {
    const length = ({ first, last }: NumberRange): number => last - first;
    const highest = this.#withReceipts.at(-1);
    if (highest?.last === this.#head.header.number) return highest;
    const [first = { first: 0, last: 0 }, ...others] = this.#withReceipts;
    return others.reduce((best, one) => (length(one) > length(best) ? one : best), first);
  }

  /** Canonical blocks whose receipts are not stored. */
  get withoutReceipts(): NumberRanges {
    return gapsIn(this.#withReceipts, this.#head.header.number);
  }

  /** The hash of a canonical block. */
  async hashAt(number: number): Promise<Uint8Array | undefined> {
    const { header } = this.#head;
    if (number === header.number) return header.hash;
    if (number < 0 || number > header.number) return undefined;
    const [hash] = await canonicalHashes(this.#database, [number]);
    // Absent from a chain that has become shorter during the read.
    if (hash === undefined && number <= this.#head.header.number) {
      throw corrupt(`the canonical hash of block ${number}`);
    }
    return hash;
  }

  /** The canonical blocks from `first` to `last`, both included. @throws ChainError `corrupt` */
  canonicalRefs(first: number, last: number): Promise<BlockRef[]> {
    return canonicalRefs(this.#database, first, last);
  }

  /** The number of a canonical block. @throws ChainError `corrupt` */
  numberOf(hash: Uint8Array): Promise<number | undefined> {
    return canonicalNumber(this.#database, hash);
  }

  /** Records of one kind by block hash, of canonical and side blocks. */
  async recordsByHash(kind: CachedRecord, hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // Read from a database state before a removal, records must not enter the cache after it.
    const cache = this.#cache;
    const records = hashes.map((hash) => cache?.get(kind, hash));
    const missing = hashes.filter((_, i) => records[i] === undefined);
    if (missing.length === 0) return records;
    const read = await this.#database.withSnapshot(async (snapshot) => {
      const numbers = await storedNumbers(snapshot, missing);
      const keys = missing.flatMap((hash, i) => {
        const number = numbers[i];
        return number === undefined ? [] : [blockKey(kind, number, hash)];
      });
      const found = (await snapshot.getMany(keys)).values();
      return numbers.map((number) => (number === undefined ? undefined : found.next().value));
    });
    for (const [i, record] of read.entries()) {
      if (record !== undefined) cache?.set(kind, missing[i] as Uint8Array, record);
    }
    let next = 0;
    return records.map((record) => record ?? read[next++]);
  }

  /** Records of canonical headers, all of one state of the chain; `undefined` for those that are missing. */
  async headerRecords({
    origin,
    amount,
    step,
  }: HeaderQuery): Promise<{ number: number; record: Uint8Array | undefined }[]> {
    const last = this.#head.header.number;
    const lowestSide = this.#lowestSide;
    const numbersFrom = (first: number): number[] => {
      const numbers: number[] = [];
      for (let at = first; at >= 0 && at <= last && numbers.length < amount; at += step) numbers.push(at);
      return numbers;
    };
    const numbered = (numbers: readonly number[], records: readonly (Uint8Array | undefined)[]) =>
      numbers.map((number, i) => ({ number, record: records[i] }));
    if (typeof origin === 'number') {
      // A single read needs no snapshot.
      const numbers = numbersFrom(origin);
      const records = await successiveHeaderRecords(this.#database, numbers, lowestSide);
      if (records !== undefined) return numbered(numbers, records);
    }
    return this.#database.withSnapshot(async (snapshot) => {
      const first = typeof origin === 'number' ? origin : await canonicalNumber(snapshot, origin);
      const numbers = numbersFrom(first ?? -1);
      return numbered(numbers, await canonicalHeaderRecords(snapshot, numbers, lowestSide));
    });
  }

  /** Decodes a canonical header. @throws ChainError `corrupt` */
  async header(number: number): Promise<SealedHeader | undefined> {
    const { header } = this.#head;
    if (number === header.number) return header;
    const hash = await this.hashAt(number);
    return hash && this.#readHeader({ number, hash });
  }

  /** Decodes the header of a canonical or side block. @throws ChainError `corrupt` */
  async headerByHash(hash: Uint8Array): Promise<SealedHeader | undefined> {
    const [number] = await storedNumbers(this.#database, [hash]);
    return number === undefined ? undefined : this.#readHeader({ number, hash });
  }

  /** A canonical block, with its header decoded. @throws ChainError `corrupt` */
  async block(number: number): Promise<StoredBlock | undefined> {
    const hash = await this.hashAt(number);
    return hash && this.#readBlock({ number, hash });
  }

  /** A canonical or side block, with its header decoded. @throws ChainError `corrupt` */
  async blockByHash(hash: Uint8Array): Promise<StoredBlock | undefined> {
    const [number] = await storedNumbers(this.#database, [hash]);
    return number === undefined ? undefined : this.#readBlock({ number, hash });
  }

  /**
   * A canonical block, and the sum of difficulties up to it. Decodes the headers from the head down to it.
   *
   * @param number at most that of the head
   * @throws ChainError `corrupt`
   */
  async headAt(number: number): Promise<Head> {
    let { header, totalDifficulty } = this.#head;
    while (header.number > number) {
      const first = Math.max(number, header.number - rewindBatch);
      const below = await canonicalHeaders(this.#database, first, header.number - 1, this.#crypto);
      for (const parent of below.reverse()) {
        totalDifficulty -= header.difficulty;
        header = parent;
      }
    }
    return { header, totalDifficulty };
  }

  /**
   * Stores blocks and makes them canonical, in one batch. Canonical blocks above `ancestor` become side blocks.
   *
   * @param ancestor number of the canonical block that the first one follows
   * @param blocks with consecutive numbers
   */
  async write(ancestor: number, blocks: readonly StoredBlock[]): Promise<void> {
    const stored = await this.#storedReceipts(ancestor, blocks);
    const canonical = blocks.map(({ header, receipts, body }, i) => ({
      header,
      hasReceipts: receipts !== undefined || stored[i] === true,
      body,
    }));
    await this.#setCanonical(ancestor, canonical, blocks.flatMap(putBlock));
  }

  /**
   * Makes side blocks canonical, in one batch. Canonical blocks above `ancestor` become side blocks.
   *
   * @param ancestor number of the canonical block that the first one follows
   * @param headers of stored blocks, with consecutive numbers
   */
  async reorganize(ancestor: number, headers: readonly SealedHeader[]): Promise<void> {
    const keys = headers.map(({ number, hash }) => blockKey('receipts', number, hash));
    const stored = await this.#database.hasMany(keys);
    const canonical = headers.map((header, i) => ({ header, hasReceipts: stored[i] === true }));
    await this.#setCanonical(ancestor, canonical, []);
  }

  /** Stores blocks that are not canonical, in one batch. They are removed with other side blocks of their height. */
  async writeSide(blocks: readonly StoredBlock[]): Promise<void> {
    const keys = blocks.map(({ header: { number, hash } }) => blockKey('sideBlocks', number, hash));
    await this.#database.batch([...blocks.flatMap(putBlock), ...keys.map((key) => put(key, empty))]);
    const numbers = blocks.map(({ header }) => header.number);
    this.#lowestSide = Math.min(...numbers, this.#lowestSide ?? Number.POSITIVE_INFINITY);
  }

  /** Adds the receipts and block access lists of canonical blocks, in one batch. */
  async addResults(blocks: readonly StoredBlock[]): Promise<void> {
    if (blocks.length === 0) return;
    let withReceipts = this.#withReceipts;
    for (const { header, receipts } of blocks) {
      const { number } = header;
      if (receipts !== undefined) withReceipts = withNumbers(withReceipts, { first: number, last: number });
    }
    await this.#database.batch([...blocks.flatMap(putBlock), putReceiptRanges(withReceipts)]);
    this.#withReceipts = withReceipts;
  }

  /** Removes all blocks above a number, from the head down, so that the rest is a complete chain at any moment. */
  async truncate(number: number): Promise<void> {
    const sideRange = blockRange('sideBlocks', number + 1, Number.MAX_SAFE_INTEGER);
    for (;;) {
      const keys = await this.#database.firstKeys(sideRange, removeBatch);
      if (keys.length === 0) break;
      await this.#remove(keys.map(blockOfKey).flatMap(removeBlock));
    }
    while (this.#head.header.number > number) {
      const to = Math.max(number, this.#head.header.number - removeBatch);
      const removed = await canonicalRefs(this.#database, to + 1, this.#head.header.number);
      const head = await this.headAt(to);
      const withReceipts = upTo(this.#withReceipts, to);
      const index = await replaceCanonical(this.#database, to, [], this.#head.header.number);
      const update = await followMove(this.#indexes, { ancestor: to, replaced: removed, added: [] });
      const changes = [...index, ...update.changes, ...removed.flatMap(removeBlock)];
      await this.#remove([...changes, putHead(head), putReceiptRanges(withReceipts)]);
      this.#head = head;
      this.#withReceipts = withReceipts;
      update.onWritten();
    }
  }

  /** Adds records of one kind to canonical blocks. */
  async writeRecords(
    kind: 'receipts' | 'accessLists',
    records: readonly (BlockRef & { readonly record: Uint8Array })[],
  ): Promise<void> {
    const changes = records.map(({ number, hash, record }) => put(blockKey(kind, number, hash), record));
    let withReceipts = this.#withReceipts;
    if (kind === 'receipts') {
      for (const { number } of records) {
        withReceipts = withNumbers(withReceipts, { first: number, last: number });
      }
      changes.push(putReceiptRanges(withReceipts));
    }
    await this.#database.batch(changes);
    this.#withReceipts = withReceipts;
  }

  async #readHeader({ number, hash }: BlockRef): Promise<SealedHeader> {
    const value = await this.#database.get(blockKey('headers', number, hash));
    const what = `the header of block ${number}`;
    if (value === undefined) throw corrupt(what);
    return decodeHeaderRecord(value, number, what, this.#crypto);
  }

  async #readBlock(ref: BlockRef): Promise<StoredBlock> {
    const { number, hash } = ref;
    const [header, [body, receipts, accessList]] = await Promise.all([
      this.#readHeader(ref),
      this.#database.getMany([
        blockKey('bodies', number, hash),
        blockKey('receipts', number, hash),
        blockKey('accessLists', number, hash),
      ]),
    ]);
    if (body === undefined || !isList(body)) throw corrupt(`the body of block ${number}`);
    return { header, body, receipts, accessList };
  }

  /** Which of the blocks to be written have receipts in the store already: those that were canonical before. */
  async #storedReceipts(ancestor: number, blocks: readonly StoredBlock[]): Promise<boolean[]> {
    const isNew = this.#lowestSide === undefined && ancestor === this.#head.header.number;
    if (isNew || blocks.every(({ receipts }) => receipts !== undefined)) return [];
    const keys = blocks.map(({ header }) => blockKey('receipts', header.number, header.hash));
    return this.#database.hasMany(keys);
  }

  /** Moves the canonical index in one batch with the given records, and removes side blocks that are too deep. */
  async #setCanonical(ancestor: number, blocks: readonly CanonicalBlock[], records: readonly Change[]): Promise<void> {
    const { number: oldHead } = this.#head.header;
    const newHead = ancestor + blocks.length;
    let head = await this.headAt(ancestor);
    let withReceipts = upTo(this.#withReceipts, ancestor);
    const replaced = ancestor < oldHead ? await canonicalRefs(this.#database, ancestor + 1, oldHead) : [];
    const depthLimit = Math.min(newHead - this.#sideBlockDepth - 1, ancestor);
    const { removed, lowestSide } = await this.#pruneSideBlocks(depthLimit);
    const hasSideBlocks = this.#lowestSide !== undefined || replaced.length > 0;
    const hashes = blocks.map(({ header }) => header.hash);
    const index = await replaceCanonical(this.#database, ancestor, hashes, oldHead);
    const added = blocks.map(({ header: { number, hash }, body }) => ({ number, hash, body }));
    const update = await followMove(this.#indexes, { ancestor, replaced, added });
    const changes = [...removed, ...records, ...index, ...update.changes];
    for (const { number, hash } of replaced) changes.push(put(blockKey('sideBlocks', number, hash), empty));
    for (const { header, hasReceipts } of blocks) {
      const { number, hash } = header;
      if (hasSideBlocks) changes.push(del(blockKey('sideBlocks', number, hash)));
      if (hasReceipts) withReceipts = withNumbers(withReceipts, { first: number, last: number });
      head = { header, totalDifficulty: head.totalDifficulty + header.difficulty };
    }
    changes.push(putHead(head), putReceiptRanges(withReceipts));
    await (removed.length > 0 ? this.#remove(changes) : this.#database.batch(changes));
    this.#head = head;
    this.#withReceipts = withReceipts;
    this.#lowestSide = replaced.length === 0 ? lowestSide : Math.min(lowestSide ?? ancestor + 1, ancestor + 1);
    update.onWritten();
  }

  /** Changes that remove the lowest side blocks up to a number, a limited count of them. */
  async #pruneSideBlocks(last: number): Promise<{ removed: Change[]; lowestSide: number | undefined }> {
    const lowest = this.#lowestSide;
    if (lowest === undefined || lowest > last) return { removed: [], lowestSide: lowest };
    const keys = await this.#database.firstKeys(sublevels.sideBlocks.all, pruneBatch + 1);
    const refs = keys.map(blockOfKey);
    const deep = refs.slice(0, pruneBatch).filter(({ number }) => number <= last);
    return { removed: deep.flatMap(removeBlock), lowestSide: refs[deep.length]?.number };
  }

  /** Applies changes that remove blocks which peers may request. */
  async #remove(changes: readonly Change[]): Promise<void> {
    this.#cache = undefined;
    try {
      await this.#database.batch(changes);
    } finally {
      this.#cache = new RecordCache(cacheSize);
    }
  }
}

const empty = new Uint8Array();

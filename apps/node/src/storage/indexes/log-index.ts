import { setImmediate } from 'node:timers/promises';
import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Codec, encode, struct, uint } from '@devp2p/rlp';
import { canonicalHashes, canonicalRefs } from '../canonical.ts';
import { type Change, type Database, del, put } from '../database.ts';
import { corrupt, decodeRecord } from '../records.ts';
import { blockKey, logBucketKey, logSectionKey, logSectionRange, metaKey, sublevels } from '../schema.ts';
import type { BackgroundIndex, CanonicalMove, IndexState, IndexUpdate } from './canonical-index.ts';
import {
  bucketOf,
  type Fingerprint,
  findInBucket,
  type LogSection,
  LogSectionBuilder,
  sectionLength,
} from './log-section.ts';

/** Blocks above a section before it is indexed, so that most reorganizations do not reach it. */
const indexDepth = 64;
/** Bytes of receipts that are indexed before other work has its turn: a few ms. */
const turnSize = 64 * 1024;

/** Sections that are indexed, from `first` up to `next`, which is left out. */
interface Indexed {
  readonly first: number;
  readonly next: number;
}

const indexedCodec: Codec<Indexed> = struct({ first: uint(32), next: uint(32) });
/** A section's number of buckets, as the bits of their numbers. A section without receipts has no buckets at all. */
const sectionCodec: Codec<{ bucketBits: number; isComplete: number }> = struct({
  bucketBits: uint(8),
  isComplete: uint(1),
});

/** @see LogIndex.open */
export interface LogIndexOptions {
  readonly database: Database;
  readonly crypto: Crypto;
  /** Number of the canonical head. */
  readonly head: () => number;
  /** Recent blocks whose logs are indexed; 0 for all blocks, `false` for no index. */
  readonly history: number | false;
}

/** Fingerprints of which a block has to have one of each list. */
export type LogPattern = readonly (readonly Fingerprint[])[];

/**
 * Addresses and topics of the logs of canonical blocks, in sections of 256 blocks: for each of them, the blocks that
 * have it. A section is built once, when the head is 64 blocks above it, and a reorganization that reaches it removes it.
 * Blocks of unfinished sections are searched by the bloom filters of their headers.
 */
export class LogIndex implements BackgroundIndex {
  readonly #options: LogIndexOptions;
  #indexed: Indexed;

  private constructor(options: LogIndexOptions, indexed: Indexed) {
    this.#options = options;
    this.#indexed = indexed;
  }

  /**
   * Opens the index of a database. One that is switched off is removed.
   *
   * @throws ChainError
   */
  static async open(options: LogIndexOptions): Promise<LogIndex> {
    const { database, head, history } = options;
    const record = await database.get(metaKey('logs'));
    if (history === false) {
      if (record !== undefined) await database.batch([del(metaKey('logs'))]);
      return new LogIndex(options, { first: 0, next: 0 });
    }
    const newest = finishedSections(head());
    const indexed =
      record === undefined ? { first: newest, next: newest } : decodeRecord(indexedCodec, record, 'the record of logs');
    return new LogIndex(options, indexed);
  }

  get state(): IndexState {
    const { history } = this.#options;
    const isEnabled = history !== false;
    const window = history === false ? 0 : history;
    const { first, next } = this.#indexed;
    const sections = Math.max(0, finishedSections(this.#options.head()) - next) + Math.max(0, first - this.#target);
    return { isEnabled, window, first: first * sectionLength, remaining: isEnabled ? sections * sectionLength : 0 };
  }

  /** Block numbers of the sections that can be searched, from `first` up to `next`, which is left out. */
  get range(): { readonly first: number; readonly next: number } {
    const { first, next } = this.#indexed;
    return { first: first * sectionLength, next: next * sectionLength };
  }

  /**
   * Finds the blocks of an indexed section that may have a pattern.
   *
   * @param section number of its first block, divided by its length
   * @returns one byte for each block, 1 if it may; `undefined` when the section is not indexed
   * @throws ChainError
   */
  async search(section: number, pattern: LogPattern): Promise<Uint8Array | undefined> {
    const { database } = this.#options;
    const record = await database.get(logSectionKey(section));
    if (record === undefined) return undefined;
    const { bucketBits, isComplete } = decodeRecord(sectionCodec, record, `the log section ${section}`);
    if (isComplete === 0) return undefined;
    let found: Uint8Array | undefined;
    for (const alternatives of pattern) {
      const numbers = [...new Set(alternatives.map((one) => bucketOf(one, bucketBits)))];
      const records = await database.getMany(numbers.map((number) => logBucketKey(section, number)));
      const buckets = new Map(numbers.map((number, i) => [number, records[i]]));
      const places = new Uint8Array(sectionLength);
      for (const one of alternatives) {
        const bucket = buckets.get(bucketOf(one, bucketBits));
        if (bucket !== undefined) findInBucket(bucket, one, bucketBits, (place) => places.fill(1, place, place + 1));
      }
      if (found === undefined) found = places;
      else for (let i = 0; i < sectionLength; i++) found[i] = (found[i] as number) & (places[i] as number);
      if (!found.includes(1)) return found;
    }
    return found ?? new Uint8Array(sectionLength).fill(1);
  }

  async follow({ ancestor }: CanonicalMove): Promise<IndexUpdate> {
    const { first, next } = this.#indexed;
    const kept = Math.floor((ancestor + 1) / sectionLength);
    if (kept >= next) return { changes: [], onWritten: () => {} };
    const indexed = { first: Math.min(first, kept), next: kept };
    return {
      changes: [putIndexed(indexed)],
      onWritten: () => {
        this.#indexed = indexed;
      },
    };
  }

  async prepareStep(): Promise<(() => Promise<void>) | undefined> {
    const { database, head, history } = this.#options;
    if (history === false) {
      const [left] = await database.firstKeys(sublevels.logs.all, 1);
      return left && (() => database.clear(sublevels.logs.all));
    }
    const before = this.#indexed;
    const { first, next } = before;
    if (next < finishedSections(head())) return this.#build(next, before, { first, next: next + 1 });
    if (first > this.#target) return this.#build(first - 1, before, { first: first - 1, next });
    // One section more than needed stays, since a section is removed as a whole.
    if (first >= this.#target - 1) return undefined;
    return async () => {
      if (this.#indexed !== before) return;
      await database.clear(logSectionRange(first));
      await this.#setIndexed({ first: first + 1, next }, []);
    };
  }

  /** The first section that is to be indexed. */
  get #target(): number {
    const { head, history } = this.#options;
    if (history === false || history === 0) return 0;
    return Math.max(0, Math.floor((head() + 1 - history) / sectionLength));
  }

  async #build(section: number, before: Indexed, after: Indexed): Promise<() => Promise<void>> {
    const { database } = this.#options;
    const start = section * sectionLength;
    const refs = await canonicalRefs(database, start, start + sectionLength - 1);
    const last = refs.at(-1);
    const content = await this.#read(refs);
    return async () => {
      const [hash] = last === undefined ? [] : await canonicalHashes(database, [last.number]);
      const isStale = last === undefined || hash === undefined || !equalBytes(hash, last.hash);
      if (this.#indexed !== before || isStale) return;
      // Buckets of an earlier build, which a reorganization has removed, may be more.
      await database.clear(logSectionRange(section));
      await this.#setIndexed(after, [...sectionChanges(section, content)]);
    };
  }

  /** @returns `undefined` when some of the receipts are not stored */
  async #read(refs: readonly { number: number; hash: Uint8Array }[]): Promise<LogSection | undefined> {
    const { database, crypto } = this.#options;
    const builder = new LogSectionBuilder();
    let size = 0;
    for (let at = 0; at < refs.length; at += readBatch) {
      const batch = refs.slice(at, at + readBatch);
      const records = await database.getMany(batch.map(({ number, hash }) => blockKey('receipts', number, hash)));
      for (const [i, receipts] of records.entries()) {
        if (receipts === undefined) return undefined;
        try {
          builder.add(at + i, receipts, crypto);
        } catch (error) {
          throw corrupt(`the receipts of block ${(batch[i] as { number: number }).number}`, error);
        }
        size += receipts.length;
        if (size < turnSize) continue;
        size = 0;
        await setImmediate();
      }
    }
    const building = builder.build();
    for (;;) {
      const step = building.next();
      if (step.done) return step.value;
      await setImmediate();
    }
  }

  async #setIndexed(indexed: Indexed, changes: readonly Change[]): Promise<void> {
    await this.#options.database.batch([...changes, putIndexed(indexed)]);
    this.#indexed = indexed;
  }
}

/** Blocks whose receipts are read at once. */
const readBatch = 8;

/** Sections of which all blocks are deep enough below the head. */
function finishedSections(head: number): number {
  return Math.max(0, Math.floor((head + 1 - indexDepth) / sectionLength));
}

function putIndexed(indexed: Indexed): Change {
  return put(metaKey('logs'), encode(indexedCodec, indexed));
}

function* sectionChanges(section: number, content: LogSection | undefined): Generator<Change> {
  const { bucketBits, buckets } = content ?? { bucketBits: 0, buckets: [] };
  yield put(logSectionKey(section), encode(sectionCodec, { bucketBits, isComplete: content === undefined ? 0 : 1 }));
  for (const [number, bucket] of buckets.entries()) {
    if (bucket.length > 0) yield put(logBucketKey(section, number), bucket);
  }
}

import type { Crypto } from '@devp2p/crypto';
import { Reader } from '@devp2p/rlp';

/** Blocks of one section of the log index. A block's place in its section takes one byte. */
export const sectionLength = 256;

/**
 * Entries in a bucket, about: a query reads one bucket of each section for each address or topic, and a bucket of 4 KiB
 * is a block of LevelDB.
 */
const bucketSize = 1_024;
const maxBucketBits = 16;
/** Bits of a fingerprint in an entry; the bucket has up to 16 more. */
const entryBits = 24;
const entryLength = 4;

/**
 * What an address, or a topic at one of its four places, is in the index: 40 bits of a hash, so that entries have the same
 * size and the buckets are even. Different ones may have the same fingerprint.
 */
export type Fingerprint = number;

/** @param place 0 for an address, 1 to 4 for a topic */
export function fingerprintOf(place: number, item: Uint8Array, crypto: Crypto): Fingerprint {
  const hash = crypto.keccak256(item);
  // The places differ by a whole byte of the hash, which a rotation of the bytes takes.
  const at = 5 * place;
  const high = (hash[at] as number) * 2 ** 32;
  const low =
    (hash[at + 1] as number) * 2 ** 24 +
    (((hash[at + 2] as number) << 16) | ((hash[at + 3] as number) << 8) | (hash[at + 4] as number));
  return high + low;
}

/** The bucket of a fingerprint: its first bits. */
export function bucketOf(fingerprint: Fingerprint, bucketBits: number): number {
  return Math.floor(fingerprint / 2 ** (40 - bucketBits));
}

/** The bits of a fingerprint that are in an entry: those that follow the bits of the bucket. */
function restOf(fingerprint: Fingerprint, bucketBits: number): number {
  return Math.floor(fingerprint / 2 ** (40 - bucketBits - entryBits)) % 2 ** entryBits;
}

/** Buckets with the entries of one section. */
export interface LogSection {
  /** There are 2 to the power of this number of buckets. */
  readonly bucketBits: number;
  /** Ascending entries of 4 bytes each, in every bucket: 24 bits of a fingerprint and the place of the block. */
  readonly buckets: readonly Uint8Array[];
}

/** Collects the addresses and topics of the logs of one section. */
export class LogSectionBuilder {
  /** A fingerprint, followed by the place of its block, in one number of 48 bits. */
  #entries: Float64Array<ArrayBuffer> = new Float64Array(4_096);
  #count = 0;

  /**
   * Adds the logs of a block. A log's parts are read without decoding it.
   *
   * @param place of the block in its section
   * @param receipts of the block, as a list in the form of eth/69
   * @throws RlpError
   */
  add(place: number, receipts: Uint8Array, crypto: Crypto): void {
    for (const { items } of readLogs(receipts)) {
      for (const [i, item] of items.entries()) this.#push(fingerprintOf(i, item, crypto) * sectionLength + place);
    }
  }

  /** Sorts the entries into buckets. Yields from time to time, so that other work can have its turn. */
  *build(): Generator<void, LogSection, void> {
    const bucketBits = Math.min(maxBucketBits, Math.max(0, Math.ceil(Math.log2(this.#count / bucketSize))));
    const parts = Array.from({ length: 2 ** bucketBits }, (): number[] => []);
    for (let i = 0; i < this.#count; i++) {
      const entry = this.#entries[i] as number;
      parts[bucketOf(Math.floor(entry / sectionLength), bucketBits)]?.push(entry);
      if (i % 65_536 === 65_535) yield;
    }
    const buckets: Uint8Array[] = [];
    for (const [i, part] of parts.entries()) {
      buckets.push(encodeBucket(part, bucketBits));
      if (i % 16 === 15) yield;
    }
    return { bucketBits, buckets };
  }

  #push(entry: number): void {
    if (this.#count === this.#entries.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#entries);
      this.#entries = longer;
    }
    this.#entries[this.#count++] = entry;
  }
}

function encodeBucket(entries: readonly number[], bucketBits: number): Uint8Array {
  const short = Uint32Array.from(
    entries,
    (entry) => restOf(Math.floor(entry / sectionLength), bucketBits) * sectionLength + (entry % sectionLength),
  ).sort();
  const bucket = new Uint8Array(short.length * entryLength);
  const view = new DataView(bucket.buffer);
  let length = 0;
  for (let i = 0; i < short.length; i++) {
    if (i > 0 && short[i] === short[i - 1]) continue;
    view.setUint32(length, short[i] as number);
    length += entryLength;
  }
  return bucket.subarray(0, length);
}

/** Calls back with the places of the blocks that have a fingerprint, by the entries of its bucket. */
export function findInBucket(
  bucket: Uint8Array,
  fingerprint: Fingerprint,
  bucketBits: number,
  onPlace: (place: number) => void,
): void {
  const wanted = restOf(fingerprint, bucketBits) * sectionLength;
  const view = new DataView(bucket.buffer, bucket.byteOffset, bucket.byteLength);
  let low = 0;
  let high = bucket.length / entryLength;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view.getUint32(middle * entryLength) < wanted) low = middle + 1;
    else high = middle;
  }
  for (; low < bucket.length / entryLength; low++) {
    const place = view.getUint32(low * entryLength) - wanted;
    if (place >= sectionLength) return;
    onPlace(place);
  }
}

/** A log in encoded receipts, as views. */
export interface EncodedLog {
  /** Index of its receipt. */
  readonly receipt: number;
  /** The address, then the topics. */
  readonly items: readonly Uint8Array[];
  readonly data: Uint8Array;
}

/**
 * Reads the logs of a block from its receipts, without decoding the rest.
 *
 * @param receipts a list in the form of eth/69
 * @throws RlpError
 */
export function* readLogs(receipts: Uint8Array): Generator<EncodedLog, void, undefined> {
  const reader = new Reader(receipts);
  const end = reader.enterList();
  for (let receipt = 0; !reader.done; receipt++) {
    const receiptEnd = reader.enterList();
    reader.skip();
    reader.skip();
    reader.skip();
    const logsEnd = reader.enterList();
    while (!reader.done) {
      const logEnd = reader.enterList();
      const items = [reader.fixed(20)];
      const topicsEnd = reader.enterList();
      while (!reader.done) items.push(reader.fixed(32));
      reader.leave(topicsEnd);
      const data = reader.string();
      reader.leave(logEnd);
      yield { receipt, items, data };
    }
    reader.leave(logsEnd);
    reader.leave(receiptEnd);
  }
  reader.leave(end);
}

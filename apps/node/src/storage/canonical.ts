import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { type Change, del, put, type Reading } from './database.ts';
import { corrupt, decodeHeaderRecord, numberCodec } from './records.ts';
import { type BlockRef, blockKey, blockRange, canonicalKey, hashesPerPage, hashKey } from './schema.ts';

/** Numbers of stored blocks, canonical or not. @throws ChainError `corrupt` */
export async function storedNumbers(reading: Reading, hashes: readonly Uint8Array[]): Promise<(number | undefined)[]> {
  const values = await reading.getMany(hashes.map(hashKey));
  return values.map((value, i) => value && decodeNumber(value, hashes[i] as Uint8Array));
}

/** Formats the hash on failure only, since peers request blocks by many hashes. */
function decodeNumber(value: Uint8Array, hash: Uint8Array): number {
  try {
    return decode(numberCodec, value);
  } catch (error) {
    throw corrupt(`the number of block 0x${toHex(hash)}`, error);
  }
}

/** The number of a canonical block. @throws ChainError `corrupt` */
export async function canonicalNumber(reading: Reading, hash: Uint8Array): Promise<number | undefined> {
  const [number] = await storedNumbers(reading, [hash]);
  if (number === undefined) return undefined;
  const [canonical] = await canonicalHashes(reading, [number]);
  return canonical !== undefined && equalBytes(canonical, hash) ? number : undefined;
}

const hashLength = 32;

/** Hashes of canonical blocks, one for each number; `undefined` for a number beyond the chain. */
export async function canonicalHashes(
  reading: Reading,
  numbers: readonly number[],
): Promise<(Uint8Array | undefined)[]> {
  const pages = [...new Set(numbers.map(pageOf))];
  const records = await reading.getMany(pages.map(canonicalKey));
  const byPage = new Map(pages.map((page, i) => [page, records[i]]));
  return numbers.map((number) => {
    const offset = (number % hashesPerPage) * hashLength;
    const hash = byPage.get(pageOf(number))?.subarray(offset, offset + hashLength);
    return hash?.length === hashLength ? hash : undefined;
  });
}

/** The canonical blocks from `first` to `last`, both included. @throws ChainError `corrupt` when one is missing */
export async function canonicalRefs(reading: Reading, first: number, last: number): Promise<BlockRef[]> {
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const hashes = await canonicalHashes(reading, numbers);
  return hashes.map((hash, i) => {
    if (hash === undefined) throw corrupt(`the canonical hash of block ${first + i}`);
    return { number: first + i, hash };
  });
}

/**
 * Changes of the index that put hashes in place of all above a block.
 *
 * @param ancestor number of the block that the first hash follows
 * @param head number of the present head
 * @throws ChainError `corrupt`
 */
export async function replaceCanonical(
  reading: Reading,
  ancestor: number,
  hashes: readonly Uint8Array[],
  head: number,
): Promise<Change[]> {
  const first = ancestor + 1;
  const firstPage = pageOf(first);
  const kept = (first % hashesPerPage) * hashLength;
  const before = kept === 0 ? new Uint8Array() : await reading.get(canonicalKey(firstPage));
  if (before === undefined || before.length < kept) {
    throw corrupt(`the canonical hash of block ${ancestor}`);
  }
  const all = new Uint8Array(kept + hashes.length * hashLength);
  all.set(before.subarray(0, kept));
  for (const [i, hash] of hashes.entries()) all.set(hash, kept + i * hashLength);
  const pageLength = hashesPerPage * hashLength;
  const lastPage = firstPage + Math.ceil(all.length / pageLength) - 1;
  const changes: Change[] = [];
  for (let page = firstPage; page <= lastPage; page++) {
    const start = (page - firstPage) * pageLength;
    const value = all.subarray(start, start + pageLength);
    changes.push(put(canonicalKey(page), value));
  }
  for (let page = Math.max(firstPage, lastPage + 1); page <= pageOf(head); page++) {
    changes.push(del(canonicalKey(page)));
  }
  return changes;
}

/**
 * Changes that enter hashes below those that are in the index already: a migration runs from the head down. Numbers
 * below the first one are zeros until their hashes follow.
 */
export async function prependCanonical(
  reading: Reading,
  first: number,
  hashes: readonly Uint8Array[],
): Promise<Change[]> {
  const pages = new Map<number, Uint8Array>();
  for (const [i, hash] of hashes.entries()) {
    const number = first + i;
    const page = pageOf(number);
    const offset = (number % hashesPerPage) * hashLength;
    let value = pages.get(page) ?? (await reading.get(canonicalKey(page))) ?? new Uint8Array();
    if (value.length < offset + hashLength) {
      const longer = new Uint8Array(offset + hashLength);
      longer.set(value);
      value = longer;
    }
    value.set(hash, offset);
    pages.set(page, value);
  }
  return [...pages].map(([page, value]) => put(canonicalKey(page), value));
}

function pageOf(number: number): number {
  return Math.floor(number / hashesPerPage);
}

/**
 * Header records of canonical blocks, one for each number; `undefined` for a number beyond the chain, and for a record
 * that is missing.
 *
 * @param numbers ascending or descending, with equal distances
 * @param lowestSide no side block has a lower number; `undefined` without side blocks
 */
export async function canonicalHeaderRecords(
  reading: Reading,
  numbers: readonly number[],
  lowestSide: number | undefined,
): Promise<(Uint8Array | undefined)[]> {
  return (await successiveHeaderRecords(reading, numbers, lowestSide)) ?? headerRecordsByHash(reading, numbers);
}

/**
 * Header records of successive numbers, in one read instead of those of the index and then of the records: most
 * requests of peers are for such headers.
 *
 * @returns `undefined` if the numbers are not successive, or the range has side blocks or gaps
 */
export async function successiveHeaderRecords(
  reading: Reading,
  numbers: readonly number[],
  lowestSide: number = Number.POSITIVE_INFINITY,
): Promise<Uint8Array[] | undefined> {
  const first = numbers[0];
  const last = numbers.at(-1);
  if (first === undefined || last === undefined) return [];
  const [low, high] = first < last ? [first, last] : [last, first];
  if (high - low + 1 !== numbers.length || high >= lowestSide) return undefined;
  // One more than needed, to notice the side blocks of a reorganization that has just been written.
  const records = await reading.firstValues(blockRange('headers', low, high), numbers.length + 1);
  if (records.length !== numbers.length) return undefined;
  return first === low ? records : records.reverse();
}

/** Header records of any numbers, in reads of the index and of each header. */
async function headerRecordsByHash(reading: Reading, numbers: readonly number[]): Promise<(Uint8Array | undefined)[]> {
  const hashes = await canonicalHashes(reading, numbers);
  const keys: Uint8Array[] = [];
  for (const [i, hash] of hashes.entries()) {
    if (hash !== undefined) keys.push(blockKey('headers', numbers[i] as number, hash));
  }
  const records = await reading.getMany(keys);
  if (keys.length === numbers.length) return records;
  const found = records.values();
  return hashes.map((hash) => (hash === undefined ? undefined : found.next().value));
}

/** Decoded canonical headers from `first` to `last`, both included. @throws ChainError `corrupt` */
export async function canonicalHeaders(
  reading: Reading,
  first: number,
  last: number,
  crypto: Crypto,
): Promise<SealedHeader[]> {
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const records = await headerRecordsByHash(reading, numbers);
  return records.map((record, i) => {
    const number = first + i;
    const what = `the header of block ${number}`;
    if (record === undefined) throw corrupt(what);
    return decodeHeaderRecord(record, number, what, crypto);
  });
}

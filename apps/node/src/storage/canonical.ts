import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import type { Reading } from './database.ts';
import { corrupt, decodeHeaderRecord, decodeRecord, numberCodec } from './records.ts';
import {
  type BlockRef,
  blockKey,
  blockOfKey,
  blockRange,
  canonicalKey,
  canonicalRange,
  hashKey,
  numberOfKey,
} from './schema.ts';

/** Numbers of stored blocks, canonical or not. @throws ChainError `corrupt` */
export async function storedNumbers(
  reading: Reading,
  hashes: readonly Uint8Array[],
): Promise<(number | undefined)[]> {
  const values = await reading.getMany(hashes.map(hashKey));
  return values.map((value, i) =>
    value === undefined
      ? undefined
      : decodeRecord(numberCodec, value, `the number of block 0x${toHex(hashes[i] as Uint8Array)}`),
  );
}

/** The number of a canonical block. @throws ChainError `corrupt` */
export async function canonicalNumber(
  reading: Reading,
  hash: Uint8Array,
): Promise<number | undefined> {
  const [number] = await storedNumbers(reading, [hash]);
  if (number === undefined) return undefined;
  const canonical = await reading.get(canonicalKey(number));
  return canonical !== undefined && equalBytes(canonical, hash) ? number : undefined;
}

/** The canonical blocks from `first` to `last`, both included. @throws ChainError `corrupt` when one is missing */
export async function canonicalRefs(
  reading: Reading,
  first: number,
  last: number,
): Promise<BlockRef[]> {
  const count = last - first + 1;
  const entries = await reading.entries(canonicalRange(first, last), count);
  const refs = entries.map(([key, hash]) => ({ number: numberOfKey(key), hash }));
  const gap = refs.findIndex(({ number }, i) => number !== first + i);
  const missing = gap === -1 ? first + refs.length : first + gap;
  if (missing <= last) throw corrupt(`the canonical hash of block ${missing}`);
  return refs;
}

/** Blocks of one height that are read along with the canonical one, before they are read one by one. */
const spareEntries = 64;

/**
 * Header records of canonical blocks, one for each number; `undefined` for a number beyond the chain, and for a record
 * that is missing.
 */
export async function canonicalHeaderRecords(
  reading: Reading,
  numbers: readonly number[],
): Promise<(Uint8Array | undefined)[]> {
  const [first, second] = numbers;
  if (first === undefined) return [];
  if (second === undefined || Math.abs(second - first) > 1) {
    const hashes = await reading.getMany(numbers.map(canonicalKey));
    return recordsOf(reading, numbers, hashes);
  }
  // Neighbours are read as a range, which takes one seek.
  const last = numbers.at(-1) as number;
  const [low, high] = first < last ? [first, last] : [last, first];
  const [canonical, headers] = await Promise.all([
    reading.entries(canonicalRange(low, high), numbers.length),
    reading.entries(blockRange('headers', low, high), numbers.length + spareEntries),
  ]);
  const hashes = new Array<Uint8Array | undefined>(numbers.length);
  for (const [key, hash] of canonical) hashes[numberOfKey(key) - low] = hash;
  const records = new Array<Uint8Array | undefined>(numbers.length);
  for (const [key, record] of headers) {
    const { number, hash } = blockOfKey(key);
    const wanted = hashes[number - low];
    if (wanted !== undefined && equalBytes(wanted, hash)) records[number - low] = record;
  }
  if (headers.length === numbers.length + spareEntries) {
    // The range ended early: the rest is read by its keys.
    const missing = hashes.flatMap((hash, i) => (hash && !records[i] ? [low + i] : []));
    const found = await recordsOf(
      reading,
      missing,
      missing.map((number) => hashes[number - low]),
    );
    for (const [i, number] of missing.entries()) records[number - low] = found[i];
  }
  return first < last ? records : records.reverse();
}

async function recordsOf(
  reading: Reading,
  numbers: readonly number[],
  hashes: readonly (Uint8Array | undefined)[],
): Promise<(Uint8Array | undefined)[]> {
  const keys = numbers.flatMap((number, i) => {
    const hash = hashes[i];
    return hash === undefined ? [] : [blockKey('headers', number, hash)];
  });
  const found = (await reading.getMany(keys)).values();
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
  const records = await canonicalHeaderRecords(reading, numbers);
  return records.map((record, i) => {
    const number = first + i;
    const what = `the header of block ${number}`;
    if (record === undefined) throw corrupt(what);
    return decodeHeaderRecord(record, number, what, crypto);
  });
}

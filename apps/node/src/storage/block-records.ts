import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import { canonicalHashes, canonicalRefs } from './canonical.ts';
import { type Change, type Database, del, put, type Reading } from './database.ts';
import { type NumberRanges, numberRangesCodec, withNumbers } from './number-ranges.ts';
import { corrupt, decodeHeaderRecord, decodeRecord, headCodec, isList, numberCodec } from './records.ts';
import { type BlockRef, blockKey, hashKey, metaKey } from './schema.ts';

/** Blocks that are looked up at once. */
const readBatch = 1_024;

/** A block as it is stored. */
export interface StoredBlock {
  readonly header: SealedHeader;
  /** RLP list of transactions, uncles and withdrawals. */
  readonly body: Uint8Array;
  /** RLP list of receipts in the form of eth/69. */
  readonly receipts?: Uint8Array | undefined;
  /** RLP list (EIP-7928). */
  readonly accessList?: Uint8Array | undefined;
}

/** A block of the canonical chain with the sum of difficulties up to it. */
export interface Head {
  readonly header: SealedHeader;
  readonly totalDifficulty: bigint;
}

/** The change that records the canonical head. */
export function putHead({ header: { number, hash }, totalDifficulty }: Head): Change {
  return put(metaKey('head'), encode(headCodec, { number, hash, totalDifficulty }));
}

/** The change that records which canonical blocks have receipts. */
export function putReceiptRanges(ranges: NumberRanges): Change {
  return put(metaKey('receipts'), encode(numberRangesCodec, ranges));
}

/** The changes that store a block, without making it canonical. */
export function putBlock({ header, body, receipts, accessList }: StoredBlock): Change[] {
  const { number, hash } = header;
  const changes = [
    put(blockKey('headers', number, hash), header.raw),
    put(blockKey('bodies', number, hash), body),
    put(hashKey(hash), encode(numberCodec, number)),
  ];
  if (receipts !== undefined) changes.push(put(blockKey('receipts', number, hash), receipts));
  if (accessList !== undefined) {
    changes.push(put(blockKey('accessLists', number, hash), accessList));
  }
  return changes;
}

/** The changes that remove a block that is not canonical. */
export function removeBlock({ number, hash }: BlockRef): Change[] {
  const kinds = ['headers', 'bodies', 'receipts', 'accessLists', 'sideBlocks'] as const;
  return [del(hashKey(hash)), ...kinds.map((kind) => del(blockKey(kind, number, hash)))];
}

/** Which canonical blocks have receipts. A database without the record is searched for them. */
export async function readReceiptRanges(database: Database, head: number): Promise<NumberRanges> {
  const record = await database.get(metaKey('receipts'));
  if (record !== undefined) {
    return decodeRecord(numberRangesCodec, record, 'the record of receipts');
  }
  let ranges: NumberRanges = [];
  for (let first = 0; first <= head; first += readBatch) {
    const refs = await canonicalRefs(database, first, Math.min(head, first + readBatch - 1));
    const keys = refs.map(({ number, hash }) => blockKey('receipts', number, hash));
    for (const [i, has] of (await database.hasMany(keys)).entries()) {
      if (has) ranges = withNumbers(ranges, { first: first + i, last: first + i });
    }
  }
  await database.batch([putReceiptRanges(ranges)]);
  return ranges;
}

/** The canonical head, with its records checked. @throws ChainError `corrupt` */
export async function readHead(reading: Reading, crypto: Crypto): Promise<Head> {
  const record = await reading.get(metaKey('head'));
  if (record === undefined) throw corrupt('the head record');
  const { number, hash, totalDifficulty } = decodeRecord(headCodec, record, 'the head record');
  const [header, body, index] = await reading.getMany([
    blockKey('headers', number, hash),
    blockKey('bodies', number, hash),
    hashKey(hash),
  ]);
  const [canonical] = await canonicalHashes(reading, [number]);
  const what = `the header of block ${number}`;
  if (header === undefined) throw corrupt(what);
  const decoded = decodeHeaderRecord(header, number, what, crypto);
  if (!equalBytes(decoded.hash, hash)) {
    throw corrupt(what, new Error(`its hash is not 0x${toHex(hash)}`));
  }
  if (body === undefined || !isList(body)) throw corrupt(`the body of block ${number}`);
  if (index === undefined) throw corrupt(`the number of block 0x${toHex(hash)}`);
  if (canonical === undefined || !equalBytes(canonical, hash)) {
    throw corrupt(`the canonical hash of block ${number}`);
  }
  return { header: decoded, totalDifficulty };
}

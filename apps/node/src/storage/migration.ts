import { statfs } from 'node:fs/promises';
import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { bytes, type Codec, encode, Reader, struct, uint } from '@devp2p/rlp';
import { ChainError } from '../errors/chain-error.ts';
import { prependCanonical } from './canonical.ts';
import { type Change, type Database, del, type KeyRange, put } from './database.ts';
import { corrupt, decodeRecord, headCodec, numberCodec } from './records.ts';
import { blockKey, formatKey, hashKey, type MetaRecord, metaKey, numberOfKey, syncHeaderKey } from './schema.ts';
import { segmentsCodec } from './sync-progress.ts';

/** First bytes of the keys of format 1: records by block number, and numbers by block hash. */
const oldKinds = {
  accessList: 0x61,
  body: 0x62,
  header: 0x68,
  number: 0x6e,
  receipts: 0x72,
  skeleton: 0x73,
} as const;

/** The key of the head record in format 1. */
export const formatOneHeadKey: Uint8Array = oldSingleKey('head');
/** Records of which there is one, with their names in format 1. */
const singles: readonly (readonly [old: string, name: MetaRecord])[] = [
  ['head', 'head'],
  ['config', 'config'],
  ['segments', 'segments'],
  ['whole', 'receipts'],
];

/** @see migrateFromFormatOne */
export interface MigrationOptions {
  readonly database: Database;
  readonly crypto: Crypto;
  /** Called before the first batch and after each, with the blocks and sync headers that were moved, and their total. */
  readonly onMigrate?: ((done: number, total: number) => void) | undefined;
  /** Blocks of one batch. @default 256 */
  readonly migrationBatch?: number | undefined;
  /** Bytes that are free on a file system. @default by `statfs` */
  readonly freeSpace?: ((location: string) => Promise<number>) | undefined;
  /** Ends the migration after its current batch; the next start continues it. */
  readonly signal?: AbortSignal | undefined;
}

/** The next block to move: blocks move from the head down. */
interface Position {
  /** One more than the block's number; 0 after the genesis block. */
  remaining: number;
  /** The block's hash; zeros when the header above it is damaged. */
  hash: Uint8Array;
}

const positionCodec: Codec<Position> = struct({ remaining: uint(53), hash: bytes(32) });
const unknownHash: Uint8Array = new Uint8Array(32);

/** Free space beyond the size of the records that are yet to be moved, in bytes: LevelDB's log and compactions. */
const reserve = 64 * 1024 * 1024;
/** Bytes of records after which a batch ends. */
const maxBatchBytes = 4 * 1024 * 1024;
const syncHeaderBatch = 1_024;

/** The block records of format 1: all keys but those of single records. */
const oldRanges: readonly KeyRange[] = [
  { from: Uint8Array.of(0x61), to: Uint8Array.of(0x6d) },
  { from: Uint8Array.of(0x6e), to: Uint8Array.of(0x74) },
];

/**
 * Rewrites a database of format 1 in format 2. The first batch marks it as format 2, so that older programs refuse it
 * from then on. Each further batch moves some blocks and records the position, so that a migration that is interrupted
 * at any point continues there at the next start.
 *
 * A damaged record is moved as it is: only reading it fails, as before.
 *
 * @param format the format record of format 2
 * @throws ChainError `disk-space`, `corrupt`; the reason of the signal
 */
export async function migrateFromFormatOne(format: Uint8Array, options: MigrationOptions): Promise<void> {
  const { database, onMigrate, signal } = options;
  const [head, record, segments] = await database.getMany([
    formatOneHeadKey,
    metaKey('migration'),
    oldSingleKey('segments'),
  ]);
  if (head === undefined) throw corrupt('the head record');
  const { number, hash } = decodeRecord(headCodec, head, 'the head record');
  await checkFreeSpace(options);
  let position =
    record === undefined
      ? { remaining: number + 1, hash }
      : decodeRecord(positionCodec, record, 'the position of the migration');
  if (record === undefined) await database.batch([put(formatKey, format), putPosition(position)]);
  const total = number + 1 + syncHeaderCount(segments);
  const report = (done: number): void => onMigrate?.(Math.min(done, total), total);
  report(number + 1 - position.remaining);
  while (position.remaining > 0) {
    signal?.throwIfAborted();
    position = await moveBlocks(position, options);
    report(number + 1 - position.remaining);
  }
  await moveSyncHeaders(database, (count) => {
    report(number + 1 + count);
    signal?.throwIfAborted();
  });
  for (const range of oldRanges) {
    signal?.throwIfAborted();
    await database.clear(range);
  }
  await moveSingles(database);
  report(total);
  for (const range of oldRanges) {
    signal?.throwIfAborted();
    await database.compact(range);
  }
}

/** @throws ChainError `disk-space` */
async function checkFreeSpace({ database, freeSpace = free }: MigrationOptions): Promise<void> {
  const { location } = database;
  let needed = reserve;
  for (const range of oldRanges) needed += await database.sizeOnDisk(range);
  const available = await freeSpace(location);
  if (available >= needed) return;
  throw new ChainError(
    'disk-space',
    `migrating ${location} to the current format needs ${needed} bytes of free disk space, but ${available} are available`,
    { data: { location, needed, available } },
  );
}

async function free(location: string): Promise<number> {
  const { bavail, bsize } = await statfs(location);
  return bavail * bsize;
}

/** Moves blocks from the position down, in one batch. @returns the next position */
async function moveBlocks(position: Position, options: MigrationOptions): Promise<Position> {
  const { database, crypto, migrationBatch = 256 } = options;
  const changes: Change[] = [];
  const hashes: Uint8Array[] = [];
  const last = Math.max(0, position.remaining - migrationBatch);
  let { remaining, hash } = position;
  for (let size = 0; remaining > last && size < maxBatchBytes; ) {
    const number = remaining - 1;
    const [header, body, receipts, accessList] = await database.getMany(
      blockKinds.map(([old]) => oldBlockKey(old, number)),
    );
    if (equalBytes(hash, unknownHash) && header !== undefined) hash = crypto.keccak256(header);
    for (const [i, value] of [header, body, receipts, accessList].entries()) {
      const [old, kind] = blockKinds[i] as (typeof blockKinds)[number];
      if (value === undefined) continue;
      changes.push(put(blockKey(kind, number, hash), value), del(oldBlockKey(old, number)));
      size += value.length;
    }
    hashes.push(hash);
    changes.push(put(hashKey(hash), encode(numberCodec, number)), del(oldHashKey(hash)));
    remaining = number;
    hash = header === undefined ? unknownHash : parentHash(header);
  }
  const next = { remaining, hash };
  changes.push(...(await prependCanonical(database, remaining, hashes.reverse())));
  await database.batch([...changes, putPosition(next)]);
  return next;
}

const blockKinds = [
  ['header', 'headers'],
  ['body', 'bodies'],
  ['receipts', 'receipts'],
  ['accessList', 'accessLists'],
] as const;

/** The first field of a header; zeros when the header is damaged. */
function parentHash(header: Uint8Array): Uint8Array {
  try {
    const reader = new Reader(header);
    reader.enterList();
    return reader.fixed(32);
  } catch {
    return unknownHash;
  }
}

/** How many headers a sync in progress has stored. */
function syncHeaderCount(record: Uint8Array | undefined): number {
  if (record === undefined) return 0;
  const segments = decodeRecord(segmentsCodec, record, 'the list of segments');
  return segments.reduce((sum, { top, tail }) => sum + top - tail + 1, 0);
}

async function moveSyncHeaders(database: Database, onMoved: (count: number) => void): Promise<void> {
  const to = Uint8Array.of(oldKinds.skeleton + 1);
  let from = Uint8Array.of(oldKinds.skeleton);
  for (let count = 0; ; ) {
    const entries = await database.entries({ from, to }, syncHeaderBatch);
    const last = entries.at(-1);
    if (last === undefined) return;
    await database.batch(entries.flatMap(([key, value]) => [put(syncHeaderKey(numberOfKey(key)), value), del(key)]));
    count += entries.length;
    onMoved(count);
    from = Uint8Array.of(...last[0], 0);
  }
}

/** The last step: moves the single records and removes the position. */
async function moveSingles(database: Database): Promise<void> {
  const values = await database.getMany(singles.map(([old]) => oldSingleKey(old)));
  const changes: Change[] = [del(metaKey('migration'))];
  for (const [i, [old, name]] of singles.entries()) {
    const value = values[i];
    if (value !== undefined) changes.push(put(metaKey(name), value), del(oldSingleKey(old)));
  }
  await database.batch(changes);
}

function putPosition(position: Position): Change {
  return put(metaKey('migration'), encode(positionCodec, position));
}

function oldBlockKey(kind: keyof typeof oldKinds, number: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = oldKinds[kind];
  const view = new DataView(key.buffer);
  view.setUint32(1, Math.floor(number / 2 ** 32));
  view.setUint32(5, number >>> 0);
  return key;
}

function oldHashKey(hash: Uint8Array): Uint8Array {
  return Uint8Array.of(oldKinds.number, ...hash);
}

function oldSingleKey(name: string): Uint8Array {
  return new TextEncoder().encode(`m${name}`);
}

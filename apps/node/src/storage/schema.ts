import type { KeyRange } from './database.ts';
import { Sublevel } from './sublevel.ts';

/**
 * The sublevels of the database `chain`. Keys of block records are number and hash, so that blocks of one height are
 * neighbors and a chain is written in the order of its keys.
 */
export const sublevels: Readonly<Record<SublevelName, Sublevel>> = {
  /** Single records: see {@link metaKey}. */
  meta: new Sublevel('meta'),
  /** (number, hash) → header. */
  headers: new Sublevel('headers'),
  /** (number, hash) → body. */
  bodies: new Sublevel('bodies'),
  /** (number, hash) → receipts in the form of eth/69. */
  receipts: new Sublevel('receipts'),
  /** (number, hash) → block access list (EIP-7928). */
  accessLists: new Sublevel('access-lists'),
  /** hash → number, of every stored block. */
  numbers: new Sublevel('numbers'),
  /** number / 64 → hashes of 64 successive canonical blocks, in one record. */
  canonical: new Sublevel('canonical'),
  /** (number, hash) → empty: the stored blocks that are not canonical. */
  sideBlocks: new Sublevel('side-blocks'),
  /** number → header of a sync in progress. */
  syncHeaders: new Sublevel('sync-headers'),
  /** First bytes of a transaction's hash → its position on the canonical chain. */
  transactions: new Sublevel('tx'),
  /** (section, bucket + 1) → addresses and topics of logs and their blocks; (section, 0) → the number of buckets. */
  logs: new Sublevel('logs'),
};

/** @see sublevels */
type SublevelName =
  | 'meta'
  | 'headers'
  | 'bodies'
  | 'receipts'
  | 'accessLists'
  | 'numbers'
  | 'canonical'
  | 'sideBlocks'
  | 'syncHeaders'
  | 'transactions'
  | 'logs';

/** Sublevels with one record for each block. */
export type BlockSublevel = 'headers' | 'bodies' | 'receipts' | 'accessLists' | 'sideBlocks';

const numberLength = 8;
const hashLength = 32;

/** The key of a block's record: sorts by number, then by hash. */
export function blockKey(kind: BlockSublevel, number: number, hash: Uint8Array): Uint8Array {
  const key = sublevels[kind].allocate(numberLength + hashLength);
  writeNumber(key, key.length - numberLength - hashLength, number);
  key.set(hash, key.length - hashLength);
  return key;
}

/** A block's position and identity. */
export interface BlockRef {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Number and hash in a {@link blockKey}. */
export function blockOfKey(key: Uint8Array): BlockRef {
  const start = key.length - numberLength - hashLength;
  return { number: readNumber(key, start), hash: key.slice(start + numberLength) };
}

/** The records of blocks with the numbers from `first` to `last`, both included. */
export function blockRange(kind: BlockSublevel, first: number, last: number): KeyRange {
  const bound = (number: number): Uint8Array => numberKey(sublevels[kind], number);
  return { from: bound(first), to: bound(Math.min(last, Number.MAX_SAFE_INTEGER - 1) + 1) };
}

/**
 * Canonical hashes in one record of the index. Peers request headers by ranges of numbers: a range takes a few reads,
 * and a new block rewrites 2 KiB at most.
 */
export const hashesPerPage = 64;

/** The key of the record with the canonical hashes from `page * hashesPerPage` on. */
export function canonicalKey(page: number): Uint8Array {
  return numberKey(sublevels.canonical, page);
}

/** The key of a header of a sync in progress. */
export function syncHeaderKey(number: number): Uint8Array {
  return numberKey(sublevels.syncHeaders, number);
}

/** The number at the end of a {@link syncHeaderKey}. */
export function numberOfKey(key: Uint8Array): number {
  return readNumber(key, key.length - numberLength);
}

/** The key of a stored block's number. */
export function hashKey(hash: Uint8Array): Uint8Array {
  return sublevels.numbers.key(hash);
}

/**
 * Bytes of a hash in a {@link transactionKey}: short entries cost an import less. To find a transaction that takes the
 * place of another one in the index takes 2⁸⁰ attempts, and among all of mainnet no two have the same 10 bytes.
 */
const transactionKeyLength = 10;

/** The key of a transaction's position. */
export function transactionKey(hash: Uint8Array): Uint8Array {
  const key = sublevels.transactions.allocate(transactionKeyLength);
  const start = key.length - transactionKeyLength;
  for (let i = 0; i < transactionKeyLength; i++) key[start + i] = hash[i] as number;
  return key;
}

/** The key of the record that describes a section of the index of logs. */
export function logSectionKey(section: number): Uint8Array {
  return logKey(section, 0);
}

/** The key of a bucket of a section of the index of logs. */
export function logBucketKey(section: number, bucket: number): Uint8Array {
  return logKey(section, bucket + 1);
}

/** The records of one section of the index of logs. */
export function logSectionRange(section: number): KeyRange {
  return { from: logKey(section, 0), to: logKey(section + 1, 0) };
}

function logKey(section: number, part: number): Uint8Array {
  const key = sublevels.logs.allocate(8);
  const view = new DataView(key.buffer, key.length - 8);
  view.setUint32(0, section);
  view.setUint32(4, part);
  return key;
}

/**
 * Names of single records: the canonical head, the finalized block, the fork schedule of the stored blocks, the segments
 * of a sync in progress, the numbers of canonical blocks with receipts, the position of a migration, the first block of
 * the index of transactions, and the sections of the index of logs.
 */
export type MetaRecord =
  | 'head'
  | 'finalized'
  | 'config'
  | 'segments'
  | 'receipts'
  | 'migration'
  | 'transactions'
  | 'logs';

export function metaKey(name: MetaRecord): Uint8Array {
  return sublevels.meta.key(new TextEncoder().encode(name));
}

/**
 * The key of the format record, outside of the sublevels: every version of the program has it here, so that each can
 * refuse unsupported formats.
 */
export const formatKey: Uint8Array = new TextEncoder().encode('mformat');

function numberKey(sublevel: Sublevel, number: number): Uint8Array {
  const key = sublevel.allocate(numberLength);
  writeNumber(key, key.length - numberLength, number);
  return key;
}

/** 8 bytes, big-endian. */
function writeNumber(key: Uint8Array, offset: number, number: number): void {
  let rest = number;
  for (let at = offset + numberLength - 1; at >= offset; at--) {
    key[at] = rest & 0xff;
    rest = Math.floor(rest / 256);
    if (rest === 0) break;
  }
}

function readNumber(key: Uint8Array, offset: number): number {
  let number = 0;
  for (let at = offset; at < offset + numberLength; at++) number = number * 256 + (key[at] ?? 0);
  return number;
}

import { Sublevel } from '../../storage/sublevel.ts';
import { bytesOfKey, keyOf, storageKey, storageKeyLength, writeKey } from './keys.ts';

/**
 * The sublevels of the database `state`. It has the state of one block, its head; a write of another block's state
 * includes the head's record.
 */
export const sublevels: Readonly<Record<StateSublevel, Sublevel>> = {
  /** Single records: see {@link metaKeys}. */
  meta: new Sublevel('meta'),
  /** Hash of the address → account. */
  accounts: new Sublevel('accounts'),
  /** (storage id, hash of the slot) → value without leading zeros. */
  slots: new Sublevel('slots'),
  /** Hash → code. Codes are never removed. */
  code: new Sublevel('code'),
  /** Path → node of the account trie; (storage id, path) → node of a storage trie; a path has a byte for a nibble. */
  nodes: new Sublevel('nodes'),
  /** (number, hash) → difference from the state of that block back to that of its parent. */
  differences: new Sublevel('differences'),
  /**
   * (number, storage id) → empty: a storage that is not part of the state since that block. It is deleted together with
   * the block's difference.
   */
  dropped: new Sublevel('dropped'),
};

/** @see sublevels */
type StateSublevel = 'meta' | 'accounts' | 'slots' | 'code' | 'nodes' | 'differences' | 'dropped';

/** Keys of single records. */
export const metaKeys: Readonly<Record<'format' | 'head', Uint8Array>> = {
  /** Version of the format and genesis hash. */
  format: sublevels.meta.key(new TextEncoder().encode('format')),
  /** The block whose state this is. */
  head: sublevels.meta.key(new TextEncoder().encode('head')),
};

/** The database's key of a key in memory. */
function databaseKey(kind: StateSublevel, key: string): Uint8Array {
  const bytes = sublevels[kind].allocate(key.length);
  writeKey(bytes, bytes.length - key.length, key);
  return bytes;
}

/** Room for the longest prefix, a storage id and a hash or a path. */
const keyRoom = 128;

/**
 * Database keys of the keys in one sublevel, all in the same memory: a key is valid until the next one is created. Reads
 * and batches copy it.
 */
class KeyWriter {
  readonly #bytes = new Uint8Array(keyRoom);
  readonly #start: number;

  constructor(kind: StateSublevel) {
    const prefix = sublevels[kind].allocate(0);
    this.#bytes.set(prefix);
    this.#start = prefix.length;
  }

  key(key: string): Uint8Array {
    writeKey(this.#bytes, this.#start, key);
    return this.#bytes.subarray(0, this.#start + key.length);
  }
}

/** @see KeyWriter */
export const keyWriters: Readonly<Record<'accounts' | 'slots' | 'code' | 'nodes', KeyWriter>> = {
  accounts: new KeyWriter('accounts'),
  slots: new KeyWriter('slots'),
  code: new KeyWriter('code'),
  nodes: new KeyWriter('nodes'),
};

/** All slots, or all nodes, of a storage. */
export function storageRange(kind: 'slots' | 'nodes', id: number): { from: Uint8Array; to: Uint8Array } {
  return { from: databaseKey(kind, storageKey(id)), to: databaseKey(kind, storageKey(id + 1)) };
}

const numberLength = 8;
const hashLength = 32;

function numbered(kind: 'differences' | 'dropped', number: number, rest: Uint8Array): Uint8Array {
  const key = sublevels[kind].allocate(numberLength + rest.length);
  const start = key.length - numberLength - rest.length;
  new DataView(key.buffer, key.byteOffset).setBigUint64(start, BigInt(number));
  key.set(rest, start + numberLength);
  return key;
}

/** The number and the last `length` bytes of a key. */
function splitNumbered(key: Uint8Array, length: number): { number: number; rest: Uint8Array } {
  const end = key.length - length;
  const number = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(end - numberLength));
  return { number, rest: key.slice(end) };
}

export function differenceKey({ number, hash }: { readonly number: number; readonly hash: Uint8Array }): Uint8Array {
  return numbered('differences', number, hash);
}

/** The block of a {@link differenceKey}. */
export function blockOfDifference(key: Uint8Array): { number: number; hash: Uint8Array } {
  const { number, rest } = splitNumbered(key, hashLength);
  return { number, hash: rest };
}

export function droppedKey(number: number, id: number): Uint8Array {
  return numbered('dropped', number, bytesOfKey(storageKey(id)));
}

/** Number and storage id of a {@link droppedKey}. */
export function droppedOfKey(key: Uint8Array): { number: number; storageKey: string } {
  const { number, rest } = splitNumbered(key, storageKeyLength);
  return { number, storageKey: keyOf(rest) };
}

/** The range of numbers below `number`. */
export function rangeBelow(kind: 'differences' | 'dropped', number: number): { from: Uint8Array; to: Uint8Array } {
  return { from: sublevels[kind].all.from, to: numbered(kind, number, new Uint8Array(0)) };
}

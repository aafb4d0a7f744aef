import { type AccountRecord, decodeAccount, maxAccountLength, writeAccount } from './account-record.ts';
import { readInteger, writeInteger } from './integers.ts';
import { keyOf, storageIdOf, storageKey, storageKeyLength, writeKey } from './keys.ts';

/** Everything that leads from the state after a block back to the state before it, except trie nodes. */
export interface Difference {
  readonly parentHash: Uint8Array;
  readonly parentRoot: Uint8Array;
  /** Ids of storages that the block created. */
  readonly created: readonly number[];
  /** Ids of storages that the block removed from their accounts, with all their slots. */
  readonly dropped: readonly number[];
  /** Accounts before the block; `null` for one that did not exist. */
  readonly accounts: ReadonlyMap<string, AccountRecord | null>;
  /** Slots before the block, of storages that the block did not create. */
  readonly slots: ReadonlyMap<string, bigint>;
}

const hashLength = 32;
const slotKeyLength = storageKeyLength + hashLength;
const countLength = 4;
const maxValueLength = 1 + 32;

/**
 * Encodes a difference: hash and root of the parent; then, each with its number of entries before it, the created and
 * the dropped ids, the accounts (key, length, record) and the slots (key, length, value).
 */
export function encodeDifference(difference: Difference): Uint8Array {
  const { created, dropped, accounts, slots } = difference;
  const ids = (created.length + dropped.length) * storageKeyLength;
  const room =
    2 * hashLength +
    4 * countLength +
    ids +
    accounts.size * (hashLength + 1 + maxAccountLength) +
    slots.size * (slotKeyLength + maxValueLength);
  const bytes = new Uint8Array(room);
  const view = new DataView(bytes.buffer);
  bytes.set(difference.parentHash, 0);
  bytes.set(difference.parentRoot, hashLength);
  let at = 2 * hashLength;
  for (const list of [created, dropped]) {
    view.setUint32(at, list.length);
    at += countLength;
    for (const id of list) {
      writeKey(bytes, at, storageKey(id));
      at += storageKeyLength;
    }
  }
  view.setUint32(at, accounts.size);
  at += countLength;
  for (const [key, account] of accounts) {
    writeKey(bytes, at, key);
    at += hashLength;
    if (account === null) at++;
    else {
      const end = writeAccount(bytes, at + 1, account);
      bytes[at] = end - at - 1;
      at = end;
    }
  }
  view.setUint32(at, slots.size);
  at += countLength;
  for (const [key, value] of slots) {
    writeKey(bytes, at, key);
    at += slotKeyLength;
    const end = writeInteger(bytes, at + 1, value);
    bytes[at] = end - at - 1;
    at = end;
  }
  return bytes.subarray(0, at);
}

/** Decodes a record of {@link encodeDifference}; `undefined` if it is damaged. */
export function decodeDifference(bytes: Uint8Array): Difference | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2 * hashLength;
  const idLists: number[][] = [];
  const accounts = new Map<string, AccountRecord | null>();
  const slots = new Map<string, bigint>();
  try {
    for (let list = 0; list < 2; list++) {
      const ids: number[] = [];
      const end = at + countLength + view.getUint32(at) * storageKeyLength;
      for (at += countLength; at < end; at += storageKeyLength) {
        view.getUint8(at + storageKeyLength - 1);
        ids.push(storageIdOf(keyOf(bytes.subarray(at, at + storageKeyLength))));
      }
      idLists.push(ids);
    }
    const accountCount = view.getUint32(at);
    at += countLength;
    for (let i = 0; i < accountCount; i++) {
      const start = at + hashLength + 1;
      const length = view.getUint8(start - 1);
      const account = length === 0 ? null : decodeAccount(bytes.subarray(start, start + length));
      if (account === undefined) return undefined;
      accounts.set(keyOf(bytes.subarray(at, at + hashLength)), account);
      at = start + length;
    }
    const slotCount = view.getUint32(at);
    at += countLength;
    for (let i = 0; i < slotCount; i++) {
      const start = at + slotKeyLength + 1;
      const length = view.getUint8(start - 1);
      if (length > 32 || start + length > bytes.length) return undefined;
      slots.set(keyOf(bytes.subarray(at, at + slotKeyLength)), readInteger(bytes, start, start + length));
      at = start + length;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  if (at !== bytes.length) return undefined;
  const [created = [], dropped = []] = idLists;
  return {
    parentHash: bytes.slice(0, hashLength),
    parentRoot: bytes.slice(hashLength, 2 * hashLength),
    created,
    dropped,
    accounts,
    slots,
  };
}

import { fromHex } from '@devp2p/bytes';
import { emptyTrieRoot } from '../../validation/empty-roots.ts';
import { readInteger, writeInteger, writeRlpInteger } from './integers.ts';
import type { Account } from './interfaces.ts';

/** An account with its storage. */
export interface AccountRecord extends Account {
  /** Root of the storage trie, 32 bytes; absent while it is empty. */
  readonly storageRoot: Uint8Array | undefined;
  /**
   * Prefix of the account's slots and storage nodes in the database; 0 if it never had storage. Removing a storage
   * removes its id from the account, so that neither the removal nor its reversal depends on the number of slots.
   */
  readonly storageId: number;
}

/** keccak-256 of no bytes. */
const emptyCodeHash: Uint8Array = fromHex('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');

const hasCode = 0x10;
const hasStorageId = 0x20;
const hasStorageRoot = 0x40;
const nonceLengthMask = 0x0f;
const idLength = 7;
/** Flags with the nonce's length, nonce, the balance's length, balance, storage id, storage root, code hash. */
export const maxAccountLength: number = 1 + 8 + 1 + 32 + idLength + 32 + 32;

/** Writes a record for the database; absent fields take no space. @returns the end */
export function writeAccount(out: Uint8Array, start: number, account: AccountRecord): number {
  const { nonce, balance, codeHash, storageId, storageRoot } = account;
  let at = writeInteger(out, start + 1, nonce);
  let flags = at - start - 1;
  const balanceEnd = writeInteger(out, at + 1, balance);
  out[at] = balanceEnd - at - 1;
  at = balanceEnd;
  if (storageId !== 0) {
    flags |= hasStorageId;
    let rest = storageId;
    for (let i = at + idLength - 1; i >= at; i--) {
      out[i] = rest % 0x100;
      rest = Math.floor(rest / 0x100);
    }
    at += idLength;
  }
  if (storageRoot !== undefined) {
    flags |= hasStorageRoot;
    out.set(storageRoot, at);
    at += 32;
  }
  if (!isEmptyCodeHash(codeHash)) {
    flags |= hasCode;
    out.set(codeHash, at);
    at += 32;
  }
  out[start] = flags;
  return at;
}

/** Decodes a record of {@link writeAccount}; `undefined` if it is damaged. */
export function decodeAccount(bytes: Uint8Array): AccountRecord | undefined {
  const flags = bytes[0] ?? 0xff;
  const nonceEnd = 1 + (flags & nonceLengthMask);
  const balanceEnd = nonceEnd + 1 + (bytes[nonceEnd] ?? 0xff);
  const idEnd = balanceEnd + ((flags & hasStorageId) !== 0 ? idLength : 0);
  const rootEnd = idEnd + ((flags & hasStorageRoot) !== 0 ? 32 : 0);
  const end = rootEnd + ((flags & hasCode) !== 0 ? 32 : 0);
  if (flags > 0x7f || nonceEnd > 9 || balanceEnd > nonceEnd + 33 || bytes.length !== end) return undefined;
  let storageId = 0;
  for (let i = balanceEnd; i < idEnd; i++) storageId = storageId * 0x100 + (bytes[i] as number);
  return {
    nonce: readInteger(bytes, 1, nonceEnd),
    balance: readInteger(bytes, nonceEnd + 1, balanceEnd),
    storageId,
    storageRoot: rootEnd > idEnd ? bytes.slice(idEnd, rootEnd) : undefined,
    codeHash: end > rootEnd ? bytes.slice(rootEnd, end) : emptyCodeHash,
  };
}

/** Writes the RLP of an account, its value in the trie (Yellow Paper, 4.1). @returns the end */
export function writeAccountRlp(out: Uint8Array, start: number, account: AccountRecord): number {
  const nonceEnd = writeRlpInteger(out, start + 2, account.nonce);
  let at = writeRlpInteger(out, nonceEnd, account.balance);
  out[at++] = 0xa0;
  out.set(account.storageRoot ?? emptyTrieRoot, at);
  at += 32;
  out[at++] = 0xa0;
  out.set(account.codeHash, at);
  at += 32;
  // Two hashes of 33 bytes, so the list has between 68 and 108 bytes.
  out[start] = 0xf8;
  out[start + 1] = at - start - 2;
  return at;
}

export function isEmptyCodeHash(codeHash: Uint8Array): boolean {
  if (codeHash === emptyCodeHash) return true;
  for (let i = 0; i < 32; i++) if (codeHash[i] !== emptyCodeHash[i]) return false;
  return true;
}

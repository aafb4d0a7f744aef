import type { Account } from '../../state/interfaces.ts';
import { wordOf } from '../words.ts';
import { SlotMap } from './slot-map.ts';

/** A storage slot of an account during a block. */
export interface SlotState {
  readonly slot: bigint;
  /** Value before the block; 0 if the block removed the storage of the account. */
  readonly parent: bigint;
  /** Value before the transaction. */
  original: bigint;
  value: bigint;
  /** Whether the transaction has accessed it (EIP-2929). */
  isWarm: boolean;
}

/** An account during a block, whether it exists or not. */
export interface AccountState {
  /** Of the address: for a `Map`, whose strings V8 hashes with a secret. */
  readonly key: string;
  /** 20 bytes, not to be changed. */
  readonly address: Uint8Array;
  /** The address as a number, once {@link addressWord} has made it. */
  word: bigint | undefined;
  /** The account before the block. */
  readonly parent: Account | undefined;
  exists: boolean;
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array;
  /** Absent until it is first needed. */
  code: Uint8Array | undefined;
  storage: SlotMap<SlotState>;
  /** Whether the storage from before the block is removed. */
  isStorageCleared: boolean;
  /** Whether the transaction has accessed it (EIP-2929). */
  isWarm: boolean;
  /** Whether the transaction has touched it: it is removed at the end if it is empty (EIP-161). */
  isTouched: boolean;
  /** Whether the transaction created it (EIP-6780). */
  isCreated: boolean;
  /** Whether it is removed at the end of the transaction. */
  isDestroyed: boolean;
  transientStorage: SlotMap<TransientSlot> | undefined;
}

export interface TransientSlot {
  readonly slot: bigint;
  value: bigint;
}

/** keccak-256 of the empty string. */
export const emptyCodeHash: Uint8Array = Uint8Array.from(
  Buffer.from('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470', 'hex'),
);
export const emptyCode: Uint8Array = new Uint8Array(0);

export function createAccountState(key: string, address: Uint8Array, parent: Account | undefined): AccountState {
  return {
    key,
    address,
    word: undefined,
    parent,
    exists: parent !== undefined,
    nonce: parent?.nonce ?? 0n,
    balance: parent?.balance ?? 0n,
    codeHash: parent?.codeHash ?? emptyCodeHash,
    code: undefined,
    storage: new SlotMap(),
    isStorageCleared: false,
    isWarm: false,
    isTouched: false,
    isCreated: false,
    isDestroyed: false,
    transientStorage: undefined,
  };
}

/** The address of an account as a number. */
export function addressWord(account: AccountState): bigint {
  account.word ??= wordOf(account.address);
  return account.word;
}

/** Whether an account has no code, nonce or balance (EIP-161); `true` for one that does not exist. */
export function isEmptyAccount(account: AccountState): boolean {
  return account.nonce === 0n && account.balance === 0n && isEmptyCodeHash(account.codeHash);
}

export function isEmptyCodeHash(hash: Uint8Array): boolean {
  return hash === emptyCodeHash || Buffer.compare(hash, emptyCodeHash) === 0;
}

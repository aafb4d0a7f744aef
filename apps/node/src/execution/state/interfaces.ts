/** Fields of an account. */
export interface Account {
  readonly nonce: bigint;
  /** In wei. */
  readonly balance: bigint;
  /** keccak-256 of the code, 32 bytes. */
  readonly codeHash: Uint8Array;
}

/** What a pool of transactions knows of an account. */
export interface AccountSummary {
  readonly nonce: bigint;
  /** In wei. */
  readonly balance: bigint;
  /** Whether it has code: that of a contract, or a delegation (EIP-7702). */
  readonly hasCode: boolean;
}

/** The state after a block. Reads are synchronous: execution waits for every one of them. */
export interface StateReader {
  /** @param address 20 bytes */
  account(address: Uint8Array): Account | undefined;
  /** The value of a storage slot; 0 for an absent one. */
  storage(address: Uint8Array, slot: bigint): bigint;
  /** Whether an account has storage: a contract is not created over it (EIP-7610). */
  hasStorage(address: Uint8Array): boolean;
  /** The code with the hash, which an account of the state has. */
  code(codeHash: Uint8Array): Uint8Array;
}

/** The changes of one account during a block. */
export interface AccountChange {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Absent when the account does not exist after the block. */
  readonly account: Account | undefined;
  /** Code that the block deployed; its hash is that of the account. */
  readonly code?: Uint8Array | undefined;
  /** Whether the storage from before the block is removed; `storage` has the slots that were written after that. */
  readonly isStorageCleared: boolean;
  /** New values of slots; 0 for a removed one. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

/** The changes of a block, each account once, in any order. */
export type StateChanges = readonly AccountChange[];

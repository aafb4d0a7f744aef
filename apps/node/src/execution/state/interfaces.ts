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

/** An account of a state with the nodes of the tries that prove it (EIP-1186). */
export interface AccountProof {
  /** `undefined` for an account that does not exist, whose absence is proved. */
  readonly account: Account | undefined;
  /** Root of the storage trie, 32 bytes. */
  readonly storageRoot: Uint8Array;
  /** Encoded nodes of the account trie from the root on. */
  readonly nodes: readonly Uint8Array[];
  /** For each slot that was asked for. */
  readonly slots: readonly SlotProof[];
}

/** A storage slot with the nodes of the storage trie that prove it. */
export interface SlotProof {
  /** 0 for an absent one. */
  readonly value: bigint;
  /** Encoded nodes from the root on; none for an empty trie. */
  readonly nodes: readonly Uint8Array[];
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

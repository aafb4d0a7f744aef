import type { Fork } from './forks.ts';

/** Fields of a block that code can read. Numbers of the protocol are `0x` strings where they may exceed 2^53. */
export interface Block {
  readonly number: number;
  /** In seconds. */
  readonly time: number;
  readonly coinbase: string;
  readonly gasLimit: number;
  readonly difficulty: string;
  /** From Paris on. */
  readonly random?: string | undefined;
  /** From London on. */
  readonly baseFee?: string | undefined;
  /** From Cancun on. */
  readonly excessBlobGas?: number | undefined;
  /** From Amsterdam on. */
  readonly slot: number;
}

export interface Account {
  readonly balance: string;
  readonly nonce: string;
  readonly code: string;
  /** Values by slot, 32 bytes each. */
  readonly storage: Readonly<Record<string, string>>;
}

/** A block, and the state before it by address. */
export interface World {
  readonly fork: Fork;
  readonly config: Readonly<Record<string, unknown>>;
  readonly block: Block;
  readonly accounts: Readonly<Record<string, Account>>;
}

/** The outermost call or creation of a transaction, after its intrinsic costs. */
export interface Message {
  /** The instruction or subject that it tests, for reports. */
  readonly title: string;
  readonly caller: string;
  /** Absent for a creation. */
  readonly to?: string | undefined;
  readonly data: string;
  readonly value: string;
  readonly gas: number;
  /** The reservoir of state gas (EIP-8037), from Amsterdam on. */
  readonly stateGas: number;
  readonly gasPrice: string;
  readonly blobHashes: readonly string[];
  /** Replaces the code of accounts of the world. */
  readonly code: Readonly<Record<string, string>>;
}

/** The compared results of a message. */
export interface Outcome {
  /** A code of EvmErrorCode; empty after a success. */
  readonly error: string;
  readonly gas: number;
  readonly stateGas: number;
  readonly stateGasUsed: number;
  /** Empty after a failure other than a revert. */
  readonly output: string;
  readonly refund: number;
  readonly logs: readonly { readonly address: string; readonly topics: readonly string[]; readonly data: string }[];
  /** Root of the state at the end of the transaction. */
  readonly root: string;
  /** Accounts with their slots that the block access list has (EIP-7928), from Amsterdam on. */
  readonly accesses?: Readonly<Record<string, readonly string[]>> | undefined;
}

import type { BlobSidecar, RawList, SealedBody, SealedHeader } from '@devp2p/eth';
import type { BlockRef } from '../storage/schema.ts';
import type { BuildRequest, BuiltBlock } from './build-request.ts';
import type { CallExecutor } from './calls/call-scheduler.ts';
import type { Account, AccountProof, AccountSummary } from './state/interfaces.ts';

/** A block whose header and body are valid. */
export interface ExecutableBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Elements in the form of eth/69; absent where they are not known. */
  readonly receipts?: RawList | undefined;
  /** RLP list (EIP-7928); absent before Amsterdam and if unknown. */
  readonly accessList?: Uint8Array | undefined;
}

/** Results of an execution that the header commits to. */
export interface ExecutionResult {
  /** Elements in the form of eth/69; absent where they are not known. */
  readonly receipts?: RawList | undefined;
  /** RLP list (EIP-7928); absent before Amsterdam and if unknown. */
  readonly accessList?: Uint8Array | undefined;
}

/**
 * Executes blocks on the states of their parents: the slot of the import pipeline's execute stage.
 *
 * There are two databases, and a change of the head is written to `chain` first and to `state` after it: `commit` is
 * called for a block that the chain has stored. The state on disk is of one block, its head, which is at most
 * 96 blocks below the head of the chain. After a crash the blocks in between are executed again. A state
 * of a block that the chain does not have can only result from a lost write of the chain (power failure) or from another
 * chain database, and is walked back by its differences.
 */
export interface Executor {
  /**
   * Whether it has a state, so that the results are checked against the header. Without one, the results are those that
   * were imported with the block, and the caller checks them.
   */
  readonly hasState: boolean;
  /** The block whose state is on disk; `undefined` without a state. */
  readonly head: BlockRef | undefined;
  /** Resolves with the reason when the execution has failed permanently. */
  readonly failed: Promise<Error>;
  /**
   * Executes a block, and keeps the state after it in memory. Blocks may be handed over before the results of their
   * parents are known; the results come in the order of the calls.
   *
   * @param parent the block before it
   * @throws BlockError for a block that violates a rule
   * @throws ExecutionError `no-state` without the state of the parent, `interrupted` when the execution has been started
   * again, `failed`, `closed`; StateError when the state cannot be read or written
   */
  execute(block: ExecutableBlock, parent: SealedHeader): ExecutionResult | Promise<ExecutionResult>;
  /**
   * Builds a block on its parent. The state after it is not kept. Absent without a state.
   *
   * @param finish ends the block with the transactions that it has; so do blocks that wait for their execution
   * @throws BlockError when no block is valid on this parent; else as {@link execute}
   */
  build?(request: BuildRequest, finish?: AbortSignal): Promise<BuiltBlock>;
  /**
   * Reads an account. Absent without a state.
   *
   * @param block hash of a block whose state is available
   * @param address 20 bytes
   * @returns `undefined` for an account that does not exist
   * @throws ExecutionError `no-state`; else as {@link execute}
   */
  account?(block: Uint8Array, address: Uint8Array): Promise<Account | undefined>;
  /** Other reads of states. Absent without a state. */
  readonly states?: StateAccess;
  /** Executes calls, whose changes are dropped. Absent without a state. */
  readonly calls?: CallExecutor;
  /**
   * Reads accounts after one block, in one request. Absent without a state.
   *
   * @param block hash of a block whose state is available
   * @param addresses 20 bytes each
   * @returns one entry for each address, `undefined` for an account that does not exist
   * @throws ExecutionError `no-state`; else as {@link execute}
   */
  accounts?(block: Uint8Array, addresses: readonly Uint8Array[]): Promise<readonly (AccountSummary | undefined)[]>;
  /**
   * Verifies the proofs of blobs; numbers and lengths have been checked. Absent without a state.
   *
   * @throws as {@link execute}
   */
  verifySidecar?(sidecar: BlobSidecar): Promise<boolean>;
  /**
   * Computes the proofs of the cells of blobs, 128 for each. Absent without a state.
   *
   * @returns `undefined` when a field element of a blob is not canonical
   * @throws as {@link execute}
   */
  cellProofs?(blobs: readonly Uint8Array[]): Promise<readonly Uint8Array[] | undefined>;
  /**
   * Finds a block with a state: in memory, on disk, or within the differences on disk.
   *
   * @returns the position of the first one in the list; -1 for a list without one
   * @throws ExecutionError, StateError
   */
  findState(hashes: readonly Uint8Array[]): Promise<number>;
  /**
   * Writes the state up to a block, which the chain has stored and whose state {@link findState} finds. It may be on
   * another branch than the last one, or below it.
   *
   * @throws ExecutionError, StateError
   */
  commit(head: BlockRef): Promise<void>;
  /**
   * Replaces the state on disk by the one of the genesis.
   *
   * @throws ExecutionError, StateError
   */
  reset(): Promise<void>;
  /** Ends pending executions with an ExecutionError `closed`, and closes the state. Idempotent. */
  close(): Promise<void>;
}

/**
 * Reads of the state after a block, by its hash. They do not wait for the execution of blocks.
 *
 * They throw an ExecutionError `no-state` when the state is not available, or as {@link Executor.execute}.
 */
export interface StateAccess {
  /** Number of the last blocks whose states are available. */
  readonly depth: number;
  /** The code of an account; empty without one. @param address 20 bytes */
  code(block: Uint8Array, address: Uint8Array): Promise<Uint8Array>;
  /** The values of slots, by account. */
  storage(
    block: Uint8Array,
    accounts: readonly { readonly address: Uint8Array; readonly slots: readonly bigint[] }[],
  ): Promise<readonly (readonly bigint[])[]>;
  /** An account, with the nodes of the tries that prove it and some of its slots. @param address 20 bytes */
  prove(block: Uint8Array, address: Uint8Array, slots: readonly bigint[]): Promise<AccountProof>;
}

/**
 * Blocks for which the state is requested to be written at once, at most. The state of one batch is written while the next
 * one is executed, so the states of two batches are in memory, some 200 KB for a block of 50 transfers. Fewer than 32
 * blocks are left for the next write (`StateSettings.commitBlocks`), which makes 96 blocks between chain and state.
 */
export const stateBatch: number = 32;

/** The blocks that an executor reads from the chain. */
export interface ExecutionSource {
  /**
   * Hashes of a stored block's ancestors, for the opcode BLOCKHASH.
   *
   * @returns the hash of its parent first; fewer where the chain begins
   */
  ancestors(hash: Uint8Array, count: number): Promise<readonly Uint8Array[]>;
}

/** Opens the executor of a chain. @throws ExecutionError, StateError */
export type OpenExecutor = (source: ExecutionSource) => Executor | Promise<Executor>;

/** An executor without state, which returns the receipts that were imported with a block. */
export const passThroughExecutor: Executor = {
  hasState: false,
  head: undefined,
  failed: new Promise(() => {}),
  execute: ({ receipts, accessList }) => ({ receipts, accessList }),
  findState: async ([first]) => (first === undefined ? -1 : 0),
  commit: async () => {},
  reset: async () => {},
  close: async () => {},
};

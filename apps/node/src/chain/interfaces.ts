import type { BlobSidecar, RawList, SealedBody, SealedHeader } from '@devp2p/eth';
import type { Genesis } from '../config/genesis/genesis.ts';
import type { BlockErrorCode } from '../errors/chain-error.ts';
import type { BuildRequest, BuiltBlock } from '../execution/build-request.ts';
import type { CallExecutor } from '../execution/calls/call-scheduler.ts';
import type { ExecutableBlock, StateAccess } from '../execution/executor.ts';
import type { Account, AccountSummary } from '../execution/state/interfaces.ts';
import type { StoredBlock } from '../storage/block-records.ts';
import type { IndexState } from '../storage/indexes/canonical-index.ts';
import type { BlockRef } from '../storage/schema.ts';
import type { SyncProgress } from '../storage/sync-progress.ts';

/** A block to append. */
export type NewBlock = ExecutableBlock;

export type {
  AccountOverride,
  BlockOverride,
  CallMessage,
  CallResults,
  CallTask,
  TraceTask,
} from '../execution/calls/call-task.ts';
export type { TraceOptions } from '../execution/trace/trace-options.ts';
export type { Account, AccountSummary, BuildRequest, BuiltBlock, IndexState };

/** The state of the accounts. */
export interface StateView {
  /**
   * An account after the head.
   *
   * @param address 20 bytes
   * @returns `undefined` for an account that does not exist
   * @throws ExecutionError `no-state` while stored blocks are executed after a start, and without execution; ChainError
   */
  account(address: Uint8Array): Promise<Account | undefined>;
  /**
   * Accounts after one block, in one request.
   *
   * @param block hash of a block whose state is available
   * @param addresses 20 bytes each
   * @returns one entry for each address, `undefined` for an account that does not exist
   * @throws as {@link account}
   */
  accounts(block: Uint8Array, addresses: readonly Uint8Array[]): Promise<readonly (AccountSummary | undefined)[]>;
}

/** The states after recent blocks, by the hashes of the blocks. */
export interface RecentStates extends StateAccess {
  /** @param address 20 bytes @returns `undefined` for an account that does not exist */
  account(block: Uint8Array, address: Uint8Array): Promise<Account | undefined>;
}

/** @see RecentStates */
export interface StateSource {
  /** Absent without execution. */
  readonly states: RecentStates | undefined;
  /** Absent without execution. */
  readonly calls: CallExecutor | undefined;
}

/** Proofs of blobs. */
export interface BlobVerifier {
  /**
   * Whether the proofs of blobs verify; their numbers and lengths have been checked.
   *
   * @throws ExecutionError `no-state` without execution; ChainError
   */
  verifySidecar(sidecar: BlobSidecar): Promise<boolean>;
  /**
   * The proofs of the cells of blobs, 128 for each.
   *
   * @returns `undefined` when a field element of a blob is not canonical
   * @throws as {@link verifySidecar}
   */
  cellProofs(blobs: readonly Uint8Array[]): Promise<readonly Uint8Array[] | undefined>;
}

/** Builds blocks. */
export interface BlockBuilder {
  /**
   * Builds a block on a stored one. It is not stored. A state that is missing is built again from at most 128 blocks.
   *
   * @param finish ends the block with the transactions that it has; it also ends when another block is to be executed
   * @throws BlockError when no block is valid on this parent
   * @throws ExecutionError `no-state` when the state of the parent is not available, and without execution; `failed`,
   * `closed`; ChainError
   */
  build(request: BuildRequest, finish?: AbortSignal): Promise<BuiltBlock>;
}

/** The first block and the rules of a chain. */
export interface ChainRules {
  readonly genesis: Genesis;
}

/** Headers of a sync in progress. */
export interface SyncProgressStore {
  readonly syncProgress: SyncProgress;
}

/** The last finalized block, which is kept over restarts. */
export interface FinalizedStore {
  readonly finalizedBlock: FinalizedBlock;
}

/** @see FinalizedStore */
interface FinalizedBlock {
  /** @throws ChainError */
  read(): Promise<BlockRef | undefined>;
  /** @throws ChainError */
  write(block: BlockRef): Promise<void>;
}

/** The position of the canonical chain, and its index. */
export interface CanonicalChain {
  readonly head: SealedHeader;
  /** Sum of all difficulties up to the head. */
  readonly totalDifficulty: bigint;
  /** Hash of the canonical block with the number. */
  hashAt(number: number): Promise<Uint8Array | undefined>;
  /** Number of the canonical block with the hash; `undefined` for a side block. */
  numberOf(hash: Uint8Array): Promise<number | undefined>;
  /**
   * Calls the listener after every change of the head or of the range that is served.
   *
   * @returns a function that ends the subscription
   */
  onHead(listener: () => void): () => void;
}

/** The sums of difficulties by which branches are compared. */
export interface DifficultyReader {
  /** Sum of all difficulties up to a stored block, which may be a side block. Reads the headers between it and the head. */
  totalDifficultyOf(hash: Uint8Array): Promise<bigint | undefined>;
}

/** Stored headers. */
export interface HeaderReader {
  /** A canonical header. */
  header(number: number): Promise<SealedHeader | undefined>;
  /** The header of a canonical or side block. */
  headerByHash(hash: Uint8Array): Promise<SealedHeader | undefined>;
}

/** Stored blocks, encoded. */
export interface BlockReader {
  /** A canonical block. */
  block(number: number): Promise<StoredBlock | undefined>;
  /** A canonical or side block. */
  blockByHash(hash: Uint8Array): Promise<StoredBlock | undefined>;
}

/** A transaction of the canonical chain, with its block. */
export interface FoundTransaction {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Absent where they are not stored. */
  readonly receipts?: RawList | undefined;
  /** Place of the transaction in the block. */
  readonly index: number;
}

/** Finds transactions of the canonical chain by hash. */
export interface TransactionReader {
  /** While blocks remain to be indexed, a transaction that is not found may be in one of them. */
  readonly transactionIndex: IndexState;
  /**
   * @param hash 32 bytes
   * @returns `undefined` for a transaction that is not indexed
   * @throws ChainError
   */
  findTransaction(hash: Uint8Array): Promise<FoundTransaction | undefined>;
}

/** Rules for blocks that are not part of the chain yet. */
export interface BlockChecker {
  /**
   * Refuses a header that is not followed, valid or not: a different block is required at its number, or its fork is
   * unknown.
   *
   * @throws BlockError `required-block`, `unsupported-fork`
   */
  checkEligible(header: SealedHeader): void;
  /**
   * Checks a block by the rules that need no execution, if it follows the head.
   *
   * @returns the rule that it violates; `undefined` for a valid block, and for one that does not follow the head
   */
  check(block: NewBlock): Promise<string | undefined>;
}

/** Result of {@link BlockImporter.insert}. */
export type InsertResult =
  /** It is stored, and has been executed, or is canonical. */
  | { readonly status: 'valid' }
  /** It violates a rule; it is not stored. */
  | { readonly status: 'invalid'; readonly code: BlockErrorCode; readonly reason: string }
  /**
   * It has not been executed: its parent is not stored, or the state of its parent is not available; without execution,
   * always.
   */
  | { readonly status: 'no-state' };

/** The execution of blocks. */
export interface ExecutionState {
  /** Whether blocks are executed. If not, receipts are imported with them, and no block is known to be valid. */
  readonly isExecuting: boolean;
  /** Stored blocks that are executed after a start, until the state is that of the head; else `undefined`. */
  readonly catchUp: CatchUp | undefined;
  /**
   * Resolves when stored blocks without a state have been executed. Rejects with an ExecutionError or ChainError when
   * that fails, and with a BlockError for a stored block that violates a rule, which is not canonical any more.
   */
  readonly caughtUp: Promise<void>;
  /**
   * Resolves with the reason when no more blocks can be imported, because a database cannot be written or the execution
   * has failed permanently: an ExecutionError, StateError or ChainError.
   */
  readonly failed: Promise<Error>;
}

/** Progress of the execution of stored blocks. */
export interface CatchUp {
  /** Number of the block from whose state it starts, of the last executed block, and of the last one to execute. */
  readonly first: number;
  readonly done: number;
  readonly last: number;
  /** Gas of the blocks executed so far. */
  readonly gas: number;
}

/** Writes to the chain. Calls are processed one after another. */
export interface BlockImporter {
  /**
   * Imports blocks. The first may follow a block below the head: the canonical blocks above that one become side blocks.
   * After a crash all of them are stored, or none; if they follow the head and are executed, the first ones of them may be.
   *
   * @param blocks with consecutive numbers
   * @throws BlockError for the first block that breaks a rule; those before it are kept, unless they would have
   * replaced others
   * @throws ChainError when they cannot be written; none is kept then
   */
  append(blocks: readonly NewBlock[]): Promise<void>;
  /**
   * Executes a block on the state of its parent, which may be any stored block, and stores it with its receipts. The head
   * does not change: see {@link setHead}. A state that is missing is built again from at most 128 stored blocks.
   */
  insert(block: NewBlock): Promise<InsertResult>;
  /**
   * Makes a stored block the head: one that follows the head, one of a side branch, or an ancestor of the head. Blocks of
   * a side branch have to be stored with their receipts, at most 1,024 of them and at most one more than the depth of
   * side blocks. Canonical blocks above the last common block become side blocks.
   *
   * @returns whether it is the head now; `false` when a block or a state is missing, and while stored blocks are executed
   * after a start
   * @throws BlockError when a block of the branch violates a rule; the chain is unchanged then
   */
  setHead(hash: Uint8Array): Promise<boolean>;
  /**
   * Checks and writes receipts of canonical blocks that lack them, in one batch.
   *
   * @throws BlockError, ChainError `unknown-block`
   */
  addReceipts(receipts: readonly { hash: Uint8Array; receipts: RawList }[]): Promise<void>;
  /**
   * Checks and writes block access lists (EIP-7928) of canonical blocks, in one batch.
   *
   * @throws BlockError, ChainError `unknown-block`
   */
  addAccessLists(lists: readonly { number: number; accessList: Uint8Array }[]): Promise<void>;
  /** Removes all blocks above the number, side blocks included. */
  truncate(number: number): Promise<void>;
}

import { inspectable } from '@devp2p/appkit';
import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { Chain, ChainRange } from '@devp2p/eth';
import type { Genesis } from '../config/genesis/genesis.ts';
import { checkChainSupported, checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { ExecutionError, isInterruption } from '../errors/execution-error.ts';
import { StateError } from '../errors/state-error.ts';
import { type Executor, type OpenExecutor, passThroughExecutor, type StateAccess } from '../execution/executor.ts';
import { BlockStore } from '../storage/blocks.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import { createFinalizedBlock } from '../storage/finalized-block.ts';
import { prepareDatabase } from '../storage/format.ts';
import type { NumberRanges } from '../storage/number-ranges.ts';
import { createSyncProgress } from '../storage/sync-progress.ts';
import { type BlockRules, createBlockRules } from '../validation/block.ts';
import { forkSchedule } from '../validation/chain-config.ts';
import { addAccessLists, addReceipts } from './add-records.ts';
import { createBlockTree } from './block-tree.ts';
import { catchUp, type StateEvent } from './catch-up.ts';
import { createImportPipeline } from './import-pipeline.ts';
import { createImportStages } from './import-stages.ts';
import { buildIndexes, type ChainIndexes, type IndexSettings, openIndexes, readTransactions } from './indexes.ts';
import type {
  BlobVerifier,
  BlockBuilder,
  BlockChecker,
  BlockImporter,
  BlockReader,
  CanonicalChain,
  CatchUp,
  ChainRules,
  DifficultyReader,
  ExecutionState,
  FinalizedStore,
  HeaderReader,
  RecentStates,
  StateSource,
  StateView,
  SyncProgressStore,
  TransactionReader,
} from './interfaces.ts';
import { createLogReader, type LogReader } from './log-search.ts';
import { createQueue } from './queue.ts';
import { readAncestors } from './reorg.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { serveChain, servedRange } from './served-chain.ts';
import { createStateRebuild } from './state-rebuild.ts';
import { settleSchedule } from './stored-schedule.ts';

/** Settings of {@link openChain}. */
export interface ChainOptions extends IndexSettings {
  /** The database's directory, which is created if it is missing. */
  readonly location: string;
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly crypto: Crypto;
  /** @default the low 64 bits of the genesis' chain id, as in go-ethereum */
  readonly networkId?: bigint | undefined;
  /** Stored and added blocks have to match these. @default none */
  readonly requiredBlocks?: RequiredBlocks | undefined;
  /**
   * Blocks that a reorganization has removed from the canonical chain are kept until the head is more than this number
   * of blocks above them. @default 128
   */
  readonly sideBlockDepth?: number | undefined;
  /** Opens the executor of the import pipeline. @default one that takes the receipts that are imported with blocks */
  readonly openExecutor?: OpenExecutor | undefined;
  /** Called when the state is not that of the head after a start. @default not called */
  readonly onState?: ((event: StateEvent) => void) | undefined;
  /** Called after each stored block that is executed after a start. @default not called */
  readonly onCatchUp?: ((progress: CatchUp) => void) | undefined;
  /** Called for damaged records that peers request; peers get them as missing. @default not called */
  readonly onCorrupt?: ((error: ChainError) => void) | undefined;
  /**
   * Called before each batch while blocks are checked that were stored without a fork schedule, with the number of the
   * last checked block and of the head. @default not called
   */
  readonly onCheck?: ((checked: number, last: number) => void) | undefined;
  /** Called before and after each batch while a database of an older format is migrated. @default not called */
  readonly onMigrate?: ((done: number, total: number) => void) | undefined;
  /** Bytes that are free on a file system. @default by `statfs` */
  readonly freeSpace?: ((location: string) => Promise<number>) | undefined;
  /** Called when an index cannot be built further, such as for a damaged block. @default not called */
  readonly onIndexFailure?: ((error: unknown) => void) | undefined;
  /** Ends the opening while a database is migrated or its blocks are checked. @default not ended */
  readonly signal?: AbortSignal | undefined;
}

/** @default of {@link ChainOptions.sideBlockDepth} */
const defaultSideBlockDepth = 128;
/** Blocks of a side branch, which are in memory together. A sync downloads longer branches in batches. */
const maxBranchLength = 1_024;

/**
 * The chain of a node: the canonical blocks from the genesis to the head, checked by all rules, or without an executor by
 * those that need no execution; and the side blocks of recent reorganizations. Users of the chain take the interface that they need, of those that it
 * consists of. Peers get the stored bytes (see eth's {@link Chain}).
 *
 * Blocks without receipts are part of it; peers get their receipts as missing.
 */
export interface LocalChain
  extends Chain,
    CanonicalChain,
    ChainRules,
    DifficultyReader,
    HeaderReader,
    BlockReader,
    BlockRules,
    BlockChecker,
    BlockImporter,
    BlockBuilder,
    StateView,
    BlobVerifier,
    StateSource,
    ExecutionState,
    FinalizedStore,
    TransactionReader,
    LogReader,
    SyncProgressStore {
  /** Canonical blocks whose receipts are not stored, ascending: peers cannot download these. */
  readonly withoutReceipts: NumberRanges;
  /** Waits for pending writes, and closes the databases. Blocks that wait for their execution are not imported. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the chain in a directory.
 *
 * @throws ChainError `in-use`, `unusable`, `other-genesis`, `other-schedule`, `required-block`, `unsupported-fork`,
 * `other-format`, `disk-space`, `corrupt`; the reason of the signal
 */
export async function openChain(options: ChainOptions): Promise<LocalChain> {
  const { genesis, crypto } = options;
  checkChainSupported(genesis, genesis.header);
  const database = await openDatabase(options.location);
  try {
    await prepareDatabase({ ...options, database });
    const { sideBlockDepth = defaultSideBlockDepth } = options;
    const store = await BlockStore.open({ database, crypto, sideBlockDepth });
    await settleSchedule({ ...options, database, store });
    checkChainSupported(genesis, store.head.header);
    for (const number of options.requiredBlocks?.keys() ?? []) await checkStored(store, number, options);
    const range = await servedRange(store);
    const indexes = await openIndexes({ ...options, database, store });
    const { openExecutor = () => passThroughExecutor } = options;
    const executor = await openExecutor({ ancestors: (hash, count) => readAncestors(store, hash, count) });
    return chainOver(database, store, executor, { ...options, sideBlockDepth, range, indexes });
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** @throws ChainError `required-block` */
async function checkStored(
  store: BlockStore,
  number: number,
  { location, requiredBlocks = new Map() }: ChainOptions,
): Promise<void> {
  const header = number > store.head.header.number ? undefined : await store.header(number);
  if (header === undefined) return;
  try {
    checkRequiredBlock(requiredBlocks, header);
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause;
    throw new ChainError('required-block', `${location} does not have the required chain: ${cause.message}`, {
      cause,
      data: { problem: 'stored-block' },
    });
  }
}

function chainOver(
  database: Database,
  store: BlockStore,
  executor: Executor,
  options: ChainOptions & {
    readonly sideBlockDepth: number;
    readonly range: ChainRange;
    readonly indexes: ChainIndexes;
  },
): LocalChain {
  const { genesis, clock, crypto, requiredBlocks: required = new Map() } = options;
  const { config, header: first } = genesis;
  const { sideBlockDepth, indexes, onState = () => {}, onCatchUp = () => {} } = options;
  const rules = createBlockRules(config, crypto);
  const closing = new AbortController();
  const inTurn = createQueue();
  const listeners = new Set<() => void>();
  let { head, complete } = store;
  let range = options.range;
  let isCatchingUp = executor.hasState;
  let progress: CatchUp | undefined;
  let closed: Promise<void> | undefined;
  let onFailed = (_: Error): void => {};
  const failed = new Promise<Error>((resolve) => {
    onFailed = resolve;
  });
  void executor.failed.then(onFailed);

  const announce = async (): Promise<void> => {
    if (store.head === head && store.complete === complete) return;
    ({ head, complete } = store);
    range = await servedRange(store);
    continueIndexes();
    for (const listener of [...listeners]) listener();
  };
  const closedError = (): ChainError => new ChainError('closed', `${database.location} is closed`);
  const change = <T>(action: () => Promise<T>): Promise<T> => {
    if (closed !== undefined) return Promise.reject(closedError());
    return inTurn(async () => {
      try {
        return await action();
      } catch (error) {
        if (isFatal(error) && !closing.signal.aborted) onFailed(error);
        throw error;
      } finally {
        await announce();
      }
    });
  };

  const { onIndexFailure: onFailure } = options;
  const continueIndexes = buildIndexes({ indexes, change, signal: closing.signal, onFailure });
  continueIndexes();

  const parts = { store, config, rules, required, executor, clock, crypto, signal: closing.signal };
  const stages = createImportStages(parts);
  const rebuild = createStateRebuild(parts);
  const pipeline = createImportPipeline({ ...parts, stages, rebuild, onWritten: announce });
  const maxLength = Math.min(sideBlockDepth + 1, maxBranchLength);
  const tree = createBlockTree({ ...parts, stages, rebuild, pipeline, maxBranchLength: maxLength });

  const caughtUp = !executor.hasState
    ? Promise.resolve()
    : change(() => {
        const onProgress = (now: CatchUp): void => {
          progress = now;
          onCatchUp(now);
        };
        return catchUp({ ...parts, rebuild, onState, onProgress }).finally(() => {
          progress = undefined;
          isCatchingUp = false;
        });
      });
  // A caller may ignore it: later writes fail for the same reason.
  caughtUp.catch(() => {});

  const truncate = async (number: number): Promise<void> => {
    await store.truncate(number);
    if (!executor.hasState) return;
    const { header } = store.head;
    await rebuild.to(header);
    await pipeline.commitState(header);
  };

  const closeAll = async (): Promise<void> => {
    try {
      await pipeline.settled();
    } finally {
      await executor.close().finally(() => database.close());
    }
  };
  const close = (): Promise<void> => {
    if (closed === undefined) {
      closing.abort(closedError());
      closed = inTurn(closeAll);
    }
    return closed;
  };

  const chain: LocalChain = {
    ...rules,
    ...serveChain(store, options.onCorrupt),
    ...readTransactions(store, indexes, crypto),
    ...createLogReader({ database, store, index: indexes.logs, crypto }),
    get transactionIndex() {
      return indexes.transactions.state;
    },
    get logIndex() {
      return indexes.logs.state;
    },
    genesis,
    networkId: options.networkId ?? BigInt.asUintN(64, config.chainId),
    genesisHash: first.hash,
    forks: forkSchedule(config, first.timestamp),
    syncProgress: createSyncProgress(database, crypto),
    finalizedBlock: createFinalizedBlock(database),
    get head() {
      return store.head.header;
    },
    get totalDifficulty() {
      return store.head.totalDifficulty;
    },
    totalDifficultyOf: async (hash) => (await tree.findHead(hash))?.totalDifficulty,
    get withoutReceipts() {
      return store.withoutReceipts;
    },
    isExecuting: executor.hasState,
    get catchUp() {
      return progress;
    },
    caughtUp,
    failed,
    range: () => range,
    onHead(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    checkEligible(header) {
      checkRequiredBlock(required, header);
      checkForkSupported(config, header);
    },
    async check(block) {
      const { head: parent } = store;
      if (executor.hasState || !equalBytes(block.header.parentHash, parent.header.hash)) return undefined;
      try {
        for await (const _ of stages([block], parent));
        return undefined;
      } catch (error) {
        if (error instanceof BlockError) return error.reason;
        throw error;
      }
    },
    header: (number) => store.header(number),
    headerByHash: (hash) => store.headerByHash(hash),
    block: (number) => store.block(number),
    blockByHash: (hash) => store.blockByHash(hash),
    hashAt: (number) => store.hashAt(number),
    numberOf: (hash) => store.numberOf(hash),
    append: (blocks) => change(() => pipeline.import(blocks)),
    async insert(block) {
      if (!executor.hasState || isCatchingUp) return { status: 'no-state' };
      return change(() => tree.insert(block));
    },
    async setHead(hash) {
      return !isCatchingUp && change(() => tree.setHead(hash));
    },
    async build(request, finish) {
      if (closed !== undefined) throw closedError();
      if (executor.build === undefined) throw new ExecutionError('no-state', 'blocks are not executed');
      if (isCatchingUp) throw new ExecutionError('no-state', 'stored blocks are being executed');
      try {
        return await executor.build(request, finish);
      } catch (error) {
        if (!isInterruption(error) || !(await change(() => tree.restoreState(request.parent)))) throw error;
        return executor.build(request, finish);
      }
    },
    async account(address) {
      if (closed !== undefined) throw closedError();
      if (executor.account === undefined) throw new ExecutionError('no-state', 'blocks are not executed');
      return executor.account(store.head.header.hash, address);
    },
    async accounts(block, addresses) {
      if (closed !== undefined) throw closedError();
      if (executor.accounts === undefined) throw new ExecutionError('no-state', 'blocks are not executed');
      return executor.accounts(block, addresses);
    },
    calls: executor.calls,
    states: executor.states && recentStates(executor, executor.states),
    async verifySidecar(sidecar) {
      if (executor.verifySidecar === undefined) throw new ExecutionError('no-state', 'blocks are not executed');
      return executor.verifySidecar(sidecar);
    },
    async cellProofs(blobs) {
      if (executor.cellProofs === undefined) throw new ExecutionError('no-state', 'blocks are not executed');
      return executor.cellProofs(blobs);
    },
    addReceipts: (receipts) => change(() => addReceipts(store, rules, receipts)),
    addAccessLists: (lists) => change(() => addAccessLists(store, rules, lists)),
    truncate: (number) => change(() => truncate(number)),
    close,
    [Symbol.asyncDispose]: close,
  };
  return inspectable('LocalChain', chain, ({ networkId, genesisHash, head }) => ({
    networkId: String(networkId),
    genesis: `0x${toHex(genesisHash)}`,
    head: { number: head.number, hash: `0x${toHex(head.hash)}` },
    range: { earliest: range.earliest, latest: range.latest },
  }));
}

function recentStates(executor: Executor, states: StateAccess): RecentStates {
  return {
    ...states,
    account: async (block, address) => executor.account?.(block, address),
  };
}

/** Whether later writes fail as well. */
function isFatal(error: unknown): error is Error {
  return (error instanceof ChainError || error instanceof StateError) && ['unusable', 'corrupt'].includes(error.code);
}

import { inspectable } from '@devp2p/appkit';
import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { Chain, ChainRange, RawList } from '@devp2p/eth';
import type { Genesis } from '../config/genesis/genesis.ts';
import { checkChainSupported, checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { type Executor, passThroughExecutor } from '../execution/executor.ts';
import type { Head } from '../storage/block-records.ts';
import { BlockStore } from '../storage/blocks.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import { prepareDatabase } from '../storage/format.ts';
import type { NumberRanges } from '../storage/number-ranges.ts';
import { corrupt } from '../storage/records.ts';
import { createSyncProgress } from '../storage/sync-progress.ts';
import { type BlockRules, createBlockRules } from '../validation/block.ts';
import { forkSchedule } from '../validation/chain-config.ts';
import { createImportPipeline } from './import-pipeline.ts';
import type {
  BlockChecker,
  BlockImporter,
  BlockReader,
  CanonicalChain,
  ChainRules,
  HeaderReader,
  SyncProgressStore,
} from './interfaces.ts';
import { createQueue } from './queue.ts';
import { findSideBranch } from './reorg.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { serveChain } from './served-chain.ts';
import { settleSchedule } from './stored-schedule.ts';

/** Settings of {@link openChain}. */
export interface ChainOptions {
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
  /** Executes blocks in the import pipeline. @default takes the receipts that are imported with them */
  readonly executor?: Executor | undefined;
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
  /** Ends the opening while a database is migrated or its blocks are checked. @default not ended */
  readonly signal?: AbortSignal | undefined;
}

/** @default of {@link ChainOptions.sideBlockDepth} */
const defaultSideBlockDepth = 128;
/** Blocks of a side branch, which are in memory together. A sync downloads longer branches in batches. */
const maxBranchLength = 1_024;

/**
 * The chain of a node: the canonical blocks from the genesis to the head, checked by all rules that need no execution,
 * and the side blocks of recent reorganizations. Users of the chain take the interface that they need, of those that it
 * consists of. Peers get the stored bytes (see eth's {@link Chain}).
 *
 * Blocks without receipts are part of it; peers get their receipts as missing.
 */
export interface LocalChain
  extends Chain,
    CanonicalChain,
    ChainRules,
    HeaderReader,
    BlockReader,
    BlockRules,
    BlockChecker,
    BlockImporter,
    SyncProgressStore {
  /** Canonical blocks whose receipts are not stored, ascending: peers cannot download these. */
  readonly withoutReceipts: NumberRanges;
  /** Waits for pending writes, and closes the database. Idempotent. */
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
    return chainOver(database, store, { ...options, sideBlockDepth, range: await rangeOf(store) });
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
  options: ChainOptions & { readonly sideBlockDepth: number; readonly range: ChainRange },
): LocalChain {
  const { genesis, clock, crypto, requiredBlocks: required = new Map() } = options;
  const { config, header: first } = genesis;
  const { executor = passThroughExecutor, sideBlockDepth } = options;
  const rules = createBlockRules(config, crypto);
  const pipeline = createImportPipeline({
    store,
    config,
    rules,
    required,
    executor,
    clock,
    crypto,
  });
  const inTurn = createQueue();
  const listeners = new Set<() => void>();
  let range = options.range;
  let closed: Promise<void> | undefined;

  const change = <T>(action: () => Promise<T>): Promise<T> => {
    if (closed !== undefined) {
      return Promise.reject(new ChainError('closed', `${database.location} is closed`));
    }
    return inTurn(async () => {
      const { head, complete } = store;
      try {
        return await action();
      } finally {
        if (store.head !== head || store.complete !== complete) {
          range = await rangeOf(store);
          for (const listener of [...listeners]) listener();
        }
      }
    });
  };

  const reorganizeTo = async (hash: Uint8Array): Promise<boolean> => {
    const branch = await findSideBranch(store, hash, Math.min(sideBlockDepth + 1, maxBranchLength));
    if (branch === undefined) return false;
    await pipeline.adopt(branch);
    return true;
  };

  const close = (): Promise<void> => {
    closed ??= inTurn(() => database.close());
    return closed;
  };

  const chain: LocalChain = {
    ...rules,
    ...serveChain(store, options.onCorrupt),
    genesis,
    networkId: options.networkId ?? BigInt.asUintN(64, config.chainId),
    genesisHash: first.hash,
    forks: forkSchedule(config, first.timestamp),
    syncProgress: createSyncProgress(database, crypto),
    get head() {
      return store.head.header;
    },
    get totalDifficulty() {
      return store.head.totalDifficulty;
    },
    get withoutReceipts() {
      return store.withoutReceipts;
    },
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
      const { head } = store;
      if (!equalBytes(block.header.parentHash, head.header.hash)) return undefined;
      // The head may change during the check.
      return (await pipeline.check([block], head)).error?.reason;
    },
    header: (number) => store.header(number),
    headerByHash: (hash) => store.headerByHash(hash),
    block: (number) => store.block(number),
    blockByHash: (hash) => store.blockByHash(hash),
    hashAt: (number) => store.hashAt(number),
    numberOf: (hash) => store.numberOf(hash),
    append: (blocks) => change(() => pipeline.import(blocks)),
    reorganizeTo: (hash) => change(() => reorganizeTo(hash)),
    addReceipts: (receipts) => change(() => addReceipts(store, rules, receipts)),
    addAccessLists: (lists) => change(() => addAccessLists(store, rules, lists)),
    truncate: (number) => change(() => store.truncate(number)),
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

async function addReceipts(
  store: BlockStore,
  rules: BlockRules,
  blocks: readonly { hash: Uint8Array; receipts: RawList }[],
): Promise<void> {
  const records = [];
  for (const { hash, receipts } of blocks) {
    const header = (await store.numberOf(hash)) === undefined ? undefined : await store.headerByHash(hash);
    if (header === undefined) {
      throw new ChainError('unknown-block', `receipts of 0x${toHex(hash)}, which is not on the chain`);
    }
    rules.checkReceipts(header, receipts);
    records.push({ number: header.number, hash: header.hash, record: receipts.raw });
  }
  await store.writeRecords('receipts', records);
}

async function addAccessLists(
  store: BlockStore,
  rules: BlockRules,
  lists: readonly { number: number; accessList: Uint8Array }[],
): Promise<void> {
  const records = [];
  for (const { number, accessList } of lists) {
    const header = await store.header(number);
    if (header === undefined) {
      throw new ChainError('unknown-block', `block ${number} is not on the chain`);
    }
    rules.checkAccessList(header, accessList);
    records.push({ number, hash: header.hash, record: accessList });
  }
  await store.writeRecords('accessLists', records);
}

/**
 * Further below the head, the sum of difficulties is not computed, since reading the headers takes long and only eth/68
 * sends it.
 */
const maxRewind = 8_192;

/** The blocks that are served: blocks without receipts are not announced to peers. */
async function rangeOf(store: BlockStore): Promise<ChainRange> {
  const { first: earliest, last: latest } = store.complete;
  const { header, totalDifficulty } = await lastServed(store, latest);
  return { earliest, latest, latestHash: header.hash, latestTime: header.timestamp, totalDifficulty };
}

async function lastServed(store: BlockStore, latest: number): Promise<Head> {
  const { head } = store;
  if (latest > 0 && head.header.number - latest <= maxRewind) return store.headAt(latest);
  const header = await store.header(latest);
  if (header === undefined) throw corrupt(`the header of block ${latest}`);
  return { header, totalDifficulty: latest === 0 ? header.difficulty : head.totalDifficulty };
}

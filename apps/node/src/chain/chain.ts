import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import type { Chain, ChainRange, RawList, SealedHeader } from '@devp2p/eth';
import { equalBytes } from '../bytes.ts';
import type { Genesis } from '../config/genesis/genesis.ts';
import { checkChainSupported, checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { shownAs } from '../shown.ts';
import { BlockStore, type StoredBlock } from '../storage/blocks.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import type { NumberRanges } from '../storage/number-ranges.ts';
import { corrupt } from '../storage/records.ts';
import type { SkeletonStore } from '../storage/sync-progress.ts';
import { createSkeletonStore } from '../storage/sync-progress.ts';
import { type BlockRules, createBlockRules } from '../validation/block.ts';
import { forkSchedule } from '../validation/chain-config.ts';
import { createBlockCheck, type NewBlock } from './block-check.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { serveChain } from './served-chain.ts';
import { settleSchedule } from './stored-schedule.ts';

/** Settings of {@link openChain}. */
export interface ChainOptions {
  /** The database's directory; made if need be. */
  readonly location: string;
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly crypto: Crypto;
  /** @default the low 64 bits of the genesis' chain id, as in go-ethereum */
  readonly networkId?: bigint | undefined;
  /** What is stored and what is added has to fit these. @default none */
  readonly requiredBlocks?: RequiredBlocks | undefined;
  /** Told about damaged records that peers asked for; to the peers these are missing. @default not told */
  readonly onCorrupt?: ((error: ChainError) => void) | undefined;
  /**
   * Called now and then while blocks are checked that were stored without a fork schedule, with the number of the last
   * that was checked and of the head. @default not called
   */
  readonly onCheck?: ((checked: number, last: number) => void) | undefined;
}

/**
 * The canonical chain: every block from the genesis to the head, checked by all rules that need no execution. What a
 * peer gets out of it (see eth's {@link Chain}) are the stored bytes.
 *
 * Blocks without receipts are part of it; of those, peers are told that the receipts are missing.
 */
export interface LocalChain extends Chain, BlockRules {
  readonly genesis: Genesis;
  readonly head: SealedHeader;
  /** Sum of all difficulties up to the head. */
  readonly totalDifficulty: bigint;
  /** Blocks whose receipts are not stored, ascending: peers cannot download these. */
  readonly withoutReceipts: NumberRanges;
  /** Headers of a running sync. */
  readonly skeleton: SkeletonStore;
  /**
   * Refuses a header that is not followed, valid or not: another block is required in its place, or its fork is unknown.
   *
   * @throws BlockError `required-block`, `unsupported-fork`
   */
  checkEligible(header: SealedHeader): void;
  /**
   * Holds a block against the rules that need no execution, if it follows the head.
   *
   * @returns what is wrong with it; `undefined` for nothing, or when it does not follow
   */
  check(block: NewBlock): Promise<string | undefined>;
  /** A canonical header. */
  header(number: number): Promise<SealedHeader | undefined>;
  /** A canonical block, encoded. */
  storedBlock(number: number): Promise<StoredBlock | undefined>;
  /** Hash of the canonical block with the number. */
  hashAt(number: number): Promise<Uint8Array | undefined>;
  /** Number of the canonical block with the hash. */
  numberOf(hash: Uint8Array): Promise<number | undefined>;
  /**
   * Checks blocks and writes them in one batch: after a crash all of them are there, or none. The first may follow a
   * block below the head: the blocks above that one are then given up in the same batch.
   *
   * @param blocks with consecutive numbers
   * @throws BlockError for the first block that breaks a rule; those before it are kept, unless they would have
   * replaced others
   * @throws ChainError when they cannot be written; nothing is kept then
   */
  append(blocks: readonly NewBlock[]): Promise<void>;
  /**
   * Checks and writes receipts of blocks that lack them, in one batch.
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
  /** Gives up all blocks above the number. */
  truncate(number: number): Promise<void>;
  /** Waits for what is being written, and closes the database. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the chain in a directory.
 *
 * @throws ChainError `in-use`, `unusable`, `other-genesis`, `other-schedule`, `required-block`, `unsupported-fork`,
 * `other-format`, `corrupt`
 */
export async function openChain(options: ChainOptions): Promise<LocalChain> {
  const { genesis, crypto } = options;
  checkChainSupported(genesis, genesis.header);
  const database = await openDatabase(options.location);
  try {
    const store = await BlockStore.open(database, genesis, crypto);
    await settleSchedule({ database, store, genesis, crypto, onCheck: options.onCheck });
    checkChainSupported(genesis, store.head.header);
    for (const number of options.requiredBlocks?.keys() ?? [])
      await checkStored(store, number, options);
    return chainOver(database, store, { ...options, range: await rangeOf(store) });
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
    throw new ChainError(
      'required-block',
      `${location} does not have the required chain: ${cause.message}`,
      { cause, data: { problem: 'stored-block' } },
    );
  }
}

function chainOver(
  database: Database,
  store: BlockStore,
  options: ChainOptions & { readonly range: ChainRange },
): LocalChain {
  const { genesis, clock, crypto, requiredBlocks: required = new Map() } = options;
  const { config, header: first } = genesis;
  const rules = createBlockRules(config, crypto);
  const check = createBlockCheck({ store, config, rules, required, clock, crypto });
  const inTurn = createQueue();
  const listeners = new Set<() => void>();
  let range = options.range;
  let closed: Promise<void> | undefined;

  const change = (action: () => Promise<void>): Promise<void> => {
    if (closed !== undefined) {
      return Promise.reject(new ChainError('closed', `${database.location} is closed`));
    }
    return inTurn(async () => {
      const [head, whole] = [store.head, store.whole];
      try {
        await action();
      } finally {
        if (store.head !== head || store.whole !== whole) {
          range = await rangeOf(store);
          for (const listener of [...listeners]) listener();
        }
      }
    });
  };

  const append = async (blocks: readonly NewBlock[]): Promise<void> => {
    const [block] = blocks;
    if (block === undefined) return;
    const ancestor = block.header.number - 1;
    const { valid, error } = await check.onStored(blocks);
    const replaces = ancestor < store.head.header.number;
    if (valid.length > 0 && !(replaces && error !== undefined)) await store.write(ancestor, valid);
    if (error !== undefined) throw error;
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
    skeleton: createSkeletonStore(database, crypto),
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
      if (!equalBytes(block.header.parentHash, store.head.header.hash)) return undefined;
      return (await check.onStored([block])).error?.reason;
    },
    header: (number) => store.header(number),
    storedBlock: (number) => store.block(number),
    async hashAt(number) {
      if (number === store.head.header.number) return store.head.header.hash;
      return (await store.header(number))?.hash;
    },
    numberOf: (hash) => store.numberOf(hash),
    append: (blocks) => change(() => append(blocks)),
    addReceipts: (receipts) => change(() => addReceipts(store, rules, receipts)),
    addAccessLists: (lists) => change(() => addAccessLists(store, rules, lists)),
    truncate: (number) => change(() => store.truncate(number)),
    close,
    [Symbol.asyncDispose]: close,
  };
  return shownAs('LocalChain', chain, ({ networkId, genesisHash, head }) => ({
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
  const records: [number, Uint8Array][] = [];
  for (const { hash, receipts } of blocks) {
    const number = await store.numberOf(hash);
    const header = number === undefined ? undefined : await store.header(number);
    if (header === undefined) {
      throw new ChainError(
        'unknown-block',
        `receipts of 0x${toHex(hash)}, which is not on the chain`,
      );
    }
    rules.checkReceipts(header, receipts);
    records.push([header.number, receipts.raw]);
  }
  await store.writeRecords('receipts', records);
}

async function addAccessLists(
  store: BlockStore,
  rules: BlockRules,
  lists: readonly { number: number; accessList: Uint8Array }[],
): Promise<void> {
  const records: [number, Uint8Array][] = [];
  for (const { number, accessList } of lists) {
    const header = await store.header(number);
    if (header === undefined) {
      throw new ChainError('unknown-block', `block ${number} is not on the chain`);
    }
    rules.checkAccessList(header, accessList);
    records.push([number, accessList]);
  }
  await store.writeRecords('accessList', records);
}

/** Runs actions one after another. */
function createQueue(): (action: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (action) => {
    const result = last.then(action);
    last = result.catch(() => {});
    return result;
  };
}

/** Further down, the sum of difficulties is not worth the reading: only eth/68 shows it. */
const maxRewind = 8_192;

/** What is served whole: a block without receipts is not promised to peers. */
async function rangeOf(store: BlockStore): Promise<ChainRange> {
  const { first: earliest, last: latest } = store.whole;
  const { header: head, totalDifficulty } = store.head;
  const header = latest === head.number ? head : await store.header(latest);
  if (header === undefined) throw corrupt(`the header of block ${latest}`);
  const isNear = head.number - latest <= maxRewind;
  const known = latest === 0 ? header.difficulty : totalDifficulty;
  return {
    earliest,
    latest,
    latestHash: header.hash,
    latestTime: header.timestamp,
    totalDifficulty: isNear && latest > 0 ? await store.totalDifficulty(latest) : known,
  };
}

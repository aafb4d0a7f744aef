import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody, type RawList, type SealedHeader } from '@devp2p/eth';
import { checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { Executor } from '../execution/executor.ts';
import type { Head, StoredBlock } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { BlockRules } from '../validation/block.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { checkHeader } from '../validation/header.ts';
import { type Ancestor, checkUncles } from '../validation/uncles.ts';
import type { NewBlock } from './interfaces.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { Turns } from './turns.ts';

/** @see createImportPipeline */
export interface ImportPipelineParts {
  readonly store: BlockStore;
  readonly config: ChainConfig;
  readonly rules: BlockRules;
  readonly required: RequiredBlocks;
  readonly executor: Executor;
  /** Timestamps of proof-of-work blocks may not be far ahead of it. */
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Crypto;
}

/** The blocks up to the first that breaks a rule, and that rule. */
interface CheckedBlocks {
  readonly valid: readonly StoredBlock[];
  /** The last valid block, or the parent of the first one; `undefined` if that is not known. */
  readonly head: Head | undefined;
  readonly error?: BlockError;
}

/** The way of new blocks into the chain: headers → bodies → execute → commit. */
export interface ImportPipeline {
  /**
   * Runs blocks through the stages before the commit.
   *
   * @param parent of the first one. @default the canonical block below it
   */
  check(blocks: readonly NewBlock[], parent?: Head): Promise<CheckedBlocks>;
  /**
   * Runs blocks through all stages.
   *
   * @throws BlockError for the first block that breaks a rule; those before it are kept, unless they would have
   * replaced others
   * @throws ChainError when they cannot be written; none is kept then
   */
  import(blocks: readonly NewBlock[]): Promise<void>;
  /**
   * Runs stored side blocks through all stages; the commit makes them canonical.
   *
   * @throws BlockError for the first block that violates a rule; the chain is unchanged then
   */
  adopt(blocks: readonly NewBlock[]): Promise<void>;
}

/** Results of the previous blocks that the stages need. */
interface StageContext {
  readonly parent: Head;
  /** A block of the batch or of the chain. */
  readonly ancestor: (number: number) => Promise<Ancestor | undefined>;
}

export function createImportPipeline(parts: ImportPipelineParts): ImportPipeline {
  const { store, config, rules, required, executor, clock, crypto } = parts;

  /** The header by itself and with its parent. */
  const headers = ({ header }: NewBlock, { parent }: StageContext): void => {
    checkRequiredBlock(required, header);
    checkForkSupported(config, header);
    checkHeader(header, {
      config,
      parent: parent.header,
      parentTotalDifficulty: parent.totalDifficulty,
      now: clock.now() / 1000,
    });
  };

  /** The contents of the block against its header. */
  const bodies = async (block: NewBlock, { ancestor }: StageContext): Promise<void> => {
    const { header, body, accessList } = block;
    rules.checkBody(header, body);
    await checkUncles(header, body, config, crypto, ancestor);
    if (accessList !== undefined) rules.checkAccessList(header, accessList);
  };

  /** The results of the execution against the header. */
  const execute = async (block: NewBlock, { parent }: StageContext): Promise<RawList | undefined> => {
    const { header, body } = block;
    const result = executor.execute(block, parent.header);
    const { receipts } = result instanceof Promise ? await result : result;
    if (receipts === undefined) return undefined;
    rules.checkReceipts(header, receipts);
    if (receipts.length !== body.transactions.length) {
      const counts = `${receipts.length} receipts for ${body.transactions.length} transactions`;
      throw new BlockError('receipts', header.number, counts);
    }
    return receipts;
  };

  /** Valid blocks into the store, in one batch. */
  const commit = async (ancestor: number, { valid, error }: CheckedBlocks): Promise<void> => {
    const replaces = ancestor < store.head.header.number;
    if (valid.length > 0 && !(replaces && error !== undefined)) await store.write(ancestor, valid);
    if (error !== undefined) throw error;
  };

  const findParent = async ({ number }: SealedHeader): Promise<Head> => {
    const { number: last } = store.head.header;
    if (number - 1 > last) throw new BlockError('unknown-parent', number, `the chain ends at ${last}`);
    return store.headAt(number - 1);
  };

  const check = async (blocks: readonly NewBlock[], firstParent?: Head): Promise<CheckedBlocks> => {
    const valid: StoredBlock[] = [];
    const turns = new Turns();
    const ancestor = async (number: number): Promise<Ancestor | undefined> => {
      const pending = blocks[number - (blocks[0] as NewBlock).header.number];
      if (pending !== undefined) return { header: pending.header, uncles: pending.body.uncles };
      const stored = await store.block(number);
      return stored && { header: stored.header, uncles: decodeBody(stored.body).uncles };
    };
    let parent = firstParent;
    try {
      for (const block of blocks) {
        const { header, body, accessList } = block;
        if (header.number === 0) {
          throw new BlockError('number', 0, 'the genesis block cannot be replaced');
        }
        parent ??= await findParent(header);
        const context = { parent, ancestor };
        headers(block, context);
        await bodies(block, context);
        const receipts = await execute(block, context);
        valid.push({ header, body: body.raw, receipts: receipts?.raw, accessList });
        parent = { header, totalDifficulty: parent.totalDifficulty + header.difficulty };
        const turn = turns.checked(body.raw.length + (receipts?.raw.length ?? 0));
        if (turn !== undefined) await turn;
      }
    } catch (error) {
      if (error instanceof BlockError) return { valid, head: parent, error };
      throw error;
    }
    return { valid, head: parent };
  };

  return {
    check,
    async import(blocks) {
      const [first] = blocks;
      if (first === undefined) return;
      await commit(first.header.number - 1, await check(blocks));
    },
    async adopt(blocks) {
      const [first] = blocks;
      if (first === undefined) return;
      const { error } = await check(blocks);
      if (error !== undefined) throw error;
      const headers = blocks.map(({ header }) => header);
      await store.reorganize(first.header.number - 1, headers);
    },
  };
}

import type { SealedHeader } from '@devp2p/eth';
import { BlockError } from '../errors/chain-error.ts';
import { type ExecutionError, isInterruption } from '../errors/execution-error.ts';
import { type Executor, stateBatch } from '../execution/executor.ts';
import type { Head, StoredBlock } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { BlockRef } from '../storage/schema.ts';
import type { ImportStages } from './import-stages.ts';
import type { NewBlock } from './interfaces.ts';
import type { StateRebuild } from './state-rebuild.ts';

/** @see createImportPipeline */
export interface ImportPipelineParts {
  readonly store: BlockStore;
  readonly executor: Executor;
  readonly stages: ImportStages;
  readonly rebuild: StateRebuild;
  /** Called after each batch that has been written. */
  readonly onWritten: () => Promise<void>;
}

/** The way of new blocks into the chain: headers → bodies → execute → commit. */
export interface ImportPipeline {
  /**
   * Runs blocks through all stages. Blocks that follow the head are written in batches while the next ones are executed;
   * those that replace others are written in one batch.
   *
   * @throws BlockError for the first block that breaks a rule; those before it are kept, unless they would have
   * replaced others
   * @throws ExecutionError; ChainError when they cannot be written
   */
  import(blocks: readonly NewBlock[]): Promise<void>;
  /** Waits until the state has been written up to the last block of which that was requested. */
  settled(): Promise<void>;
  /**
   * Has the state written up to a block of the chain, once the previous request has been fulfilled.
   *
   * @throws ExecutionError, ChainError of the previous request
   */
  commitState(head: BlockRef): Promise<void>;
}

/** Limits of one batch of the store while blocks are executed. */
const maxBatch = { blocks: stateBatch, bytes: 4 * 1024 * 1024, gas: 300_000_000 };
/** Times that the execution of blocks is started again, before its error is thrown. */
const maxAttempts = 5;

export function createImportPipeline(parts: ImportPipelineParts): ImportPipeline {
  const { store, executor, stages, rebuild, onWritten } = parts;
  let committed: Promise<void> = Promise.resolve();

  const commitState = async (head: BlockRef): Promise<void> => {
    if (!executor.hasState) return;
    await committed;
    committed = executor.commit(head).catch((error: unknown) => {
      // The state is lost. The block is executed again with the next one, or after the next start.
      if (!isInterruption(error)) throw error;
    });
    // Thrown by the next call.
    committed.catch(() => {});
  };

  const findParent = async ({ number }: SealedHeader): Promise<Head> => {
    const { number: last } = store.head.header;
    if (number === 0) throw new BlockError('number', 0, 'the genesis block cannot be replaced');
    if (number - 1 > last) throw new BlockError('unknown-parent', number, `the chain ends at ${last}`);
    return store.headAt(number - 1);
  };

  /** Writes valid blocks and moves the head to the last of them. */
  const write = async (blocks: readonly StoredBlock[]): Promise<void> => {
    const [first, last] = [blocks[0], blocks.at(-1)];
    if (first === undefined || last === undefined) return;
    await store.write(first.header.number - 1, blocks);
    await commitState(last.header);
    await onWritten();
  };

  /**
   * Runs blocks that follow the head or replace others.
   *
   * @returns the blocks that are left after an interruption, and its cause
   */
  const run = async (
    blocks: readonly NewBlock[],
    parent: Head,
  ): Promise<{ rest: readonly NewBlock[]; cause?: ExecutionError }> => {
    const replaces = parent.header.number < store.head.header.number;
    let batch = createBatch();
    let done = 0;
    const flush = async (): Promise<void> => {
      const full = batch.blocks;
      batch = createBatch();
      await write(full);
      done += full.length;
    };
    try {
      for await (const block of stages(blocks, parent)) {
        batch.add(block);
        if (!replaces && executor.hasState && batch.isFull()) await flush();
      }
      await flush();
      return { rest: [] };
    } catch (error) {
      if (!replaces) await flush();
      if (!isInterruption(error)) throw error;
      return { rest: blocks.slice(done), cause: error };
    }
  };

  return {
    commitState,
    settled: () => committed,
    async import(blocks) {
      let rest = blocks;
      for (let attempt = 1; rest[0] !== undefined; attempt++) {
        const parent = await findParent(rest[0].header);
        const result = await run(rest, parent);
        rest = result.rest;
        if (result.cause === undefined || rest[0] === undefined) continue;
        if (attempt === maxAttempts) throw result.cause;
        const { header } = await findParent(rest[0].header);
        if (!(await rebuild.to(header))) throw result.cause;
      }
    },
  };
}

interface Batch {
  readonly blocks: StoredBlock[];
  add(block: StoredBlock): void;
  isFull(): boolean;
}

function createBatch(): Batch {
  const blocks: StoredBlock[] = [];
  let bytes = 0;
  let gas = 0;
  return {
    blocks,
    add(block) {
      blocks.push(block);
      bytes += block.body.length + (block.receipts?.length ?? 0) + (block.accessList?.length ?? 0);
      gas += block.header.gasUsed;
    },
    isFull: () => blocks.length >= maxBatch.blocks || bytes >= maxBatch.bytes || gas >= maxBatch.gas,
  };
}

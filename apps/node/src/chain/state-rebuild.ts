import type { SealedHeader } from '@devp2p/eth';
import { isInterruption } from '../errors/execution-error.ts';
import { type ExecutionResult, type Executor, stateBatch } from '../execution/executor.ts';
import type { StoredBlock } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import { corrupt } from '../storage/records.ts';
import type { BlockRef } from '../storage/schema.ts';
import { decodeStored } from './decode-stored.ts';
import { Turns } from './turns.ts';

/** @see createStateRebuild */
export interface StateRebuildParts {
  readonly store: BlockStore;
  readonly executor: Executor;
  /** Ends a rebuild; the blocks that have been executed are kept. */
  readonly signal: AbortSignal;
}

/** @see StateRebuild.to */
export interface RebuildOptions {
  /** Blocks that are executed, at most; without a limit, all from the genesis on. @default no limit */
  readonly maxBlocks?: number;
  /** Called with the block from whose state the execution starts: the target, if it has one. @default not called */
  readonly onStart?: (from: BlockRef) => void;
  /** Called after each block. @default not called */
  readonly onProgress?: (block: SealedHeader) => void;
}

/** Executes stored blocks whose states are missing. */
export interface StateRebuild {
  /**
   * Makes the state after a stored block available: executes its ancestors from the nearest one with a state, and the
   * block itself. Receipts that were not stored are added, and the state on disk follows along the canonical blocks.
   *
   * @returns whether the state is available; `false` when more blocks than the limit would have to be executed
   * @throws BlockError for a stored block that violates a rule; ExecutionError, ChainError; the reason of the signal
   */
  to(target: SealedHeader, options?: RebuildOptions): Promise<boolean>;
}

/** Blocks that are looked up at once on the way to an ancestor with a state. */
const searchBatch = 256;
/** Blocks whose results are not known yet. */
const maxPending = 64;
const maxAttempts = 5;

/** Where a rebuild starts. */
interface Start {
  readonly from: BlockRef;
  /** Whether no state was found, so that the one of the genesis has to be created again. */
  readonly isReset: boolean;
  /** Blocks to execute that are not canonical, ascending. */
  readonly side: readonly BlockRef[];
}

export function createStateRebuild({ store, executor, signal }: StateRebuildParts): StateRebuild {
  /** Finds the nearest ancestor with a state, or the block itself. */
  const search = async (target: SealedHeader, maxBlocks: number): Promise<Start | undefined> => {
    const side: SealedHeader[] = [];
    let next: BlockRef = target;
    while ((await store.numberOf(next.hash)) === undefined) {
      const header = await store.headerByHash(next.hash);
      if (header === undefined || target.number - header.number >= maxBlocks) return undefined;
      side.unshift(header);
      next = { number: header.number - 1, hash: header.parentHash };
    }
    const highest = side.length === 0 ? -1 : await executor.findState(side.map(({ hash }) => hash).reverse());
    if (highest >= 0) {
      const position = side.length - 1 - highest;
      return { from: side[position] as SealedHeader, isReset: false, side: side.slice(position + 1) };
    }
    const lowest = Math.max(0, target.number - maxBlocks);
    for (let last = next.number; last >= lowest; last -= searchBatch) {
      signal.throwIfAborted();
      const refs = await store.canonicalRefs(Math.max(lowest, last - searchBatch + 1), last);
      refs.reverse();
      const found = await executor.findState(refs.map(({ hash }) => hash));
      if (found >= 0) return { from: refs[found] as BlockRef, isReset: false, side };
    }
    if (lowest > 0) return undefined;
    const [genesis] = await store.canonicalRefs(0, 0);
    return { from: genesis as BlockRef, isReset: true, side };
  };

  const rebuild = async (
    target: SealedHeader,
    { maxBlocks = Number.POSITIVE_INFINITY, onStart, onProgress }: RebuildOptions,
  ): Promise<boolean> => {
    const start = await search(target, maxBlocks);
    if (start === undefined) return false;
    const { from, isReset, side } = start;
    onStart?.(from);
    if (isReset) await executor.reset();
    const lastCanonical = target.number - side.length;
    let added: StoredBlock[] = [];
    for await (const { block, isChanged } of executeStored(from, lastCanonical, side)) {
      const { number } = block.header;
      if (number > lastCanonical) {
        if (isChanged) await store.writeSide([block]);
      } else {
        if (isChanged) added.push(block);
        if (number === lastCanonical || number % stateBatch === 0) {
          // The chain first, as in an import.
          await store.addResults(added);
          added = [];
          await executor.commit(block.header);
        }
      }
      onProgress?.(block.header);
    }
    return true;
  };

  async function* refsAbove(from: BlockRef, last: number, side: readonly BlockRef[]): AsyncGenerator<BlockRef> {
    for (let first = from.number + 1; first <= last; first += searchBatch) {
      yield* await store.canonicalRefs(first, Math.min(first + searchBatch - 1, last));
    }
    yield* side;
  }

  /** Executes the canonical blocks up to `last`, and side blocks after it, reading ahead. */
  async function* executeStored(from: BlockRef, last: number, side: readonly BlockRef[]): AsyncGenerator<Executed> {
    const turns = new Turns();
    const pending: (() => Promise<Executed>)[] = [];
    let parent = await store.headerByHash(from.hash);
    for await (const { number, hash } of refsAbove(from, last, side)) {
      signal.throwIfAborted();
      const stored = await store.blockByHash(hash);
      if (stored === undefined || parent === undefined) throw corrupt(`block ${number}`);
      const result = Promise.resolve(executor.execute(decodeStored(stored), parent));
      // Thrown when it is awaited, unless a block before it fails.
      result.catch(() => {});
      pending.push(async () => withResults(stored, await result));
      parent = stored.header;
      await turns.checked(stored.body.length);
      if (pending.length >= maxPending) yield await (pending.shift() as () => Promise<Executed>)();
    }
    for (const settle of pending) {
      signal.throwIfAborted();
      yield await settle();
    }
  }

  return {
    async to(target, options = {}) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await rebuild(target, options);
        } catch (error) {
          if (attempt === maxAttempts || !isInterruption(error)) throw error;
        }
      }
    },
  };
}

interface Executed {
  readonly block: StoredBlock;
  /** Whether it has results that were not stored with it. */
  readonly isChanged: boolean;
}

function withResults(stored: StoredBlock, { receipts, accessList }: ExecutionResult): Executed {
  const block = {
    ...stored,
    receipts: stored.receipts ?? receipts?.raw,
    accessList: stored.accessList ?? accessList,
  };
  const isChanged = block.receipts !== stored.receipts || block.accessList !== stored.accessList;
  return { block, isChanged };
}

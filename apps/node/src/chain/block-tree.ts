import { decodeBody, type SealedHeader } from '@devp2p/eth';
import { BlockError } from '../errors/chain-error.ts';
import { isInterruption } from '../errors/execution-error.ts';
import type { Executor } from '../execution/executor.ts';
import type { Head, StoredBlock } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { ImportPipeline } from './import-pipeline.ts';
import type { ImportStages, ReadAncestor } from './import-stages.ts';
import type { InsertResult, NewBlock } from './interfaces.ts';
import { findSideBranch } from './reorg.ts';
import type { StateRebuild } from './state-rebuild.ts';

/** @see createBlockTree */
export interface BlockTreeParts {
  readonly store: BlockStore;
  readonly executor: Executor;
  readonly stages: ImportStages;
  readonly rebuild: StateRebuild;
  readonly pipeline: Pick<ImportPipeline, 'commitState'>;
  /** Side blocks of a branch, at most. */
  readonly maxBranchLength: number;
}

/** Blocks on any stored parent, and the choice of the head among them. */
export interface BlockTree {
  /**
   * A stored block, and the sum of difficulties up to it.
   *
   * @returns `undefined` when it is not stored, or its branch is too long
   */
  findHead(hash: Uint8Array): Promise<Head | undefined>;
  /** See `BlockImporter.insert`. */
  insert(block: NewBlock): Promise<InsertResult>;
  /** See `BlockImporter.setHead`. */
  setHead(hash: Uint8Array): Promise<boolean>;
  /** Makes the state of a stored block available, if few blocks have to be executed for that. @returns whether it is */
  restoreState(header: SealedHeader): Promise<boolean>;
}

/** Blocks that are executed again to have the state of a parent or head, at most. */
const maxRebuild = 128;
const maxAttempts = 5;

export function createBlockTree(parts: BlockTreeParts): BlockTree {
  const { store, executor, stages, rebuild, pipeline, maxBranchLength } = parts;

  const findHead = async (hash: Uint8Array): Promise<Head | undefined> => {
    const header = await store.headerByHash(hash);
    if (header === undefined) return undefined;
    let difficulty = 0n;
    let last: SealedHeader = header;
    while ((await store.numberOf(last.hash)) === undefined) {
      const parent = await store.headerByHash(last.parentHash);
      if (parent === undefined || header.number - parent.number > maxBranchLength) return undefined;
      difficulty += last.difficulty;
      last = parent;
    }
    const { totalDifficulty } = await store.headAt(last.number);
    return { header, totalDifficulty: totalDifficulty + difficulty };
  };

  /** Reads the ancestors of a block, of which the first ones may be side blocks. */
  const branchOf = (parent: SealedHeader): ReadAncestor => {
    const branch = new Map<number, StoredBlock>();
    return async (number) => {
      let next = parent.hash;
      for (let at = parent.number; at >= number; at--) {
        const block = branch.get(at) ?? (await store.blockByHash(next));
        if (block === undefined) return undefined;
        branch.set(at, block);
        if (at === number) return { header: block.header, uncles: decodeBody(block.body).uncles };
        next = block.header.parentHash;
      }
      return undefined;
    };
  };

  const restoreState = (header: SealedHeader): Promise<boolean> => rebuild.to(header, { maxBlocks: maxRebuild });

  /** Runs a block through the stages, with the state of its parent built again if it is missing. */
  const execute = async (block: NewBlock, parent: Head): Promise<StoredBlock | undefined> => {
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const valid of stages([block], parent, branchOf(parent.header))) return valid;
      } catch (error) {
        if (attempt === maxAttempts || !isInterruption(error)) throw error;
        if (!(await restoreState(parent.header))) return undefined;
      }
    }
  };

  return {
    restoreState,
    findHead,
    async insert(block) {
      const { hash, parentHash } = block.header;
      const known = await store.headerByHash(hash);
      const isCanonical = known !== undefined && (await store.numberOf(hash)) !== undefined;
      if (isCanonical || (known !== undefined && (await executor.findState([hash])) === 0)) return { status: 'valid' };
      const parent = await findHead(parentHash);
      if (parent === undefined) return { status: 'no-state' };
      try {
        const valid = await execute(block, parent);
        if (valid?.receipts === undefined) return { status: 'no-state' };
        await store.writeSide([valid]);
        return { status: 'valid' };
      } catch (error) {
        if (!(error instanceof BlockError)) throw error;
        const { code, reason } = error;
        return { status: 'invalid', code, reason };
      }
    },
    async setHead(hash) {
      const number = await store.numberOf(hash);
      if (number === store.head.header.number) return true;
      const branch = number === undefined ? await findSideBranch(store, hash, maxBranchLength) : [];
      const target = branch?.at(-1)?.header ?? (await store.headerByHash(hash));
      if (branch === undefined || target === undefined) return false;
      const ancestor = target.number - branch.length;
      if (executor.hasState) {
        if (!(await restoreState(target))) return false;
      } else if (branch.length > 0) {
        const parent = await store.headAt(ancestor);
        for await (const _ of stages(branch, parent));
      }
      const headers = branch.map(({ header }) => header);
      await store.reorganize(ancestor, headers);
      await pipeline.commitState(target);
      return true;
    },
  };
}

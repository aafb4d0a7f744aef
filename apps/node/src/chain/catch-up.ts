import { equalBytes } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { isInterruption } from '../errors/execution-error.ts';
import type { Executor } from '../execution/executor.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { BlockRef } from '../storage/schema.ts';
import type { CatchUp } from './interfaces.ts';
import type { RebuildOptions, StateRebuild } from './state-rebuild.ts';

/** The state on disk at a start, when it is not that of the head. */
export interface StateEvent {
  /** The block whose state is on disk. */
  readonly state: BlockRef;
  /** Its place: on the canonical chain, on a stored side branch, or not in the chain database. */
  readonly place: 'canonical' | 'side-branch' | 'unknown';
  /** The block from whose state the execution starts. */
  readonly from: BlockRef;
  /** The head of the chain. */
  readonly to: BlockRef;
}

/** @see catchUp */
export interface CatchUpParts {
  readonly store: BlockStore;
  readonly executor: Executor;
  readonly rebuild: StateRebuild;
  readonly onState: (event: StateEvent) => void;
  readonly onProgress: (progress: CatchUp) => void;
}

/** Executions of the same blocks after interruptions. */
const maxAttempts = 5;

/**
 * Brings the state to the head of the chain after a start: walks it back to the last block that is canonical, and
 * executes the blocks above.
 *
 * @throws BlockError for a stored block that violates a rule: the head is the block before it then; ExecutionError,
 * ChainError
 */
export async function catchUp({ store, executor, rebuild, onState, onProgress }: CatchUpParts): Promise<void> {
  const { head: state } = executor;
  const { header: head } = store.head;
  if (state === undefined || equalBytes(state.hash, head.hash)) return;
  const place = await placeOf(store, state);
  let first = head.number;
  let gas = 0;
  let isReported = false;
  const options: RebuildOptions = {
    onStart(from) {
      if (!isReported) onState({ state, place, from, to: head });
      isReported = true;
      first = from.number;
      if (first < head.number) onProgress({ first, done: first, last: head.number, gas });
    },
    onProgress({ number, gasUsed }) {
      gas += gasUsed;
      onProgress({ first, done: number, last: head.number, gas });
    },
  };
  try {
    await reach(head, rebuild, executor, options);
  } catch (error) {
    if (error instanceof BlockError) await goBack(store, executor, error.number - 1);
    throw error;
  }
}

/** Builds the state of a block and has it written. */
async function reach(head: SealedHeader, rebuild: StateRebuild, executor: Executor, options: RebuildOptions) {
  for (let attempt = 1; ; attempt++) {
    if (!(await rebuild.to(head, options))) {
      throw new ChainError('corrupt', `the ancestors of block ${head.number} are incomplete`);
    }
    try {
      return await executor.commit(head);
    } catch (error) {
      if (attempt === maxAttempts || !isInterruption(error)) throw error;
    }
  }
}

async function placeOf(store: BlockStore, { hash }: BlockRef): Promise<StateEvent['place']> {
  if ((await store.numberOf(hash)) !== undefined) return 'canonical';
  return (await store.headerByHash(hash)) === undefined ? 'unknown' : 'side-branch';
}

/** Makes an ancestor the head; the blocks above it become side blocks. */
async function goBack(store: BlockStore, executor: Executor, number: number): Promise<void> {
  await store.reorganize(number, []);
  await executor.commit(store.head.header);
}

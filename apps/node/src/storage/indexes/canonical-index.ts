import type { Change } from '../database.ts';
import type { BlockRef } from '../schema.ts';

/** A block that becomes canonical. */
export interface AddedBlock extends BlockRef {
  /** Absent for a block that is stored already. */
  readonly body?: Uint8Array | undefined;
}

/** A change of the canonical chain that is about to be written. */
export interface CanonicalMove {
  /** Number of the last block that stays canonical. */
  readonly ancestor: number;
  /** The blocks above it, which stop being canonical, ascending. */
  readonly replaced: readonly BlockRef[];
  /** The blocks that follow the ancestor from now on, ascending. */
  readonly added: readonly AddedBlock[];
}

/** Changes of an index that belong to a {@link CanonicalMove}. */
export interface IndexUpdate {
  readonly changes: readonly Change[];
  /** Called after the changes have been written. */
  onWritten(): void;
}

/** An index of the canonical chain, which changes in the same batches as the chain. */
export interface CanonicalIndex {
  /** @throws ChainError */
  follow(move: CanonicalMove): Promise<IndexUpdate>;
}

/** The changes of several indexes. @throws ChainError */
export async function followMove(indexes: readonly CanonicalIndex[], move: CanonicalMove): Promise<IndexUpdate> {
  const updates = await Promise.all(indexes.map((index) => index.follow(move)));
  return {
    changes: updates.flatMap(({ changes }) => changes),
    onWritten: () => {
      for (const update of updates) update.onWritten();
    },
  };
}

/** Progress of the part of an index that is built in the background. */
export interface IndexState {
  /** Whether there is such an index. */
  readonly isEnabled: boolean;
  /** Canonical blocks from this number on are indexed. */
  readonly first: number;
  /** Number of recent blocks that are indexed; 0 for all. */
  readonly window: number;
  /** Blocks that are yet to be indexed. */
  readonly remaining: number;
}

/** An index whose older part is built and removed in steps, while the chain grows. */
export interface BackgroundIndex extends CanonicalIndex {
  readonly state: IndexState;
  /**
   * Reads what the next step needs. Runs beside other changes of the chain.
   *
   * @returns the write of the step, which has to be called between other changes of the chain, and writes nothing if the
   * chain has changed below it; `undefined` when nothing is left to do
   * @throws ChainError
   */
  prepareStep(): Promise<(() => Promise<void>) | undefined>;
}

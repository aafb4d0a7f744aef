import { equalBytes } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockTags, ViewedChain } from '../backend.ts';

/** A move of the latest block. */
export interface HeadChange {
  /** Blocks that a reorganization has removed, from the highest down. */
  readonly removed: readonly SealedHeader[];
  /** Blocks that have become canonical, ascending. */
  readonly added: readonly SealedHeader[];
}

/** @see watchHeads */
export interface HeadsParts {
  readonly chain: Pick<ViewedChain, 'onHead' | 'headerByHash'>;
  readonly tags: BlockTags;
}

/** Moves of the latest block, one after another. */
export interface Heads {
  /**
   * Calls the listener with each move from now on, and waits for it before the next one.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: (change: HeadChange) => unknown): () => void;
  close(): void;
}

/** Blocks of one move, at most: of a longer one, as during a sync, only the last block is reported. */
const maxBlocks = 256;

/** Follows the latest block as long as there are listeners. */
export function watchHeads({ chain, tags }: HeadsParts): Heads {
  const listeners = new Set<(change: HeadChange) => unknown>();
  let last: Promise<SealedHeader | undefined> | undefined;
  let isRunning = false;
  let isChanged = false;
  let isClosed = false;

  /** Headers from a block down to the common ancestor with another one, and those of the other one. */
  const changeBetween = async (from: SealedHeader, to: SealedHeader): Promise<HeadChange> => {
    const removed: SealedHeader[] = [];
    const added: SealedHeader[] = [];
    let [old, young]: [SealedHeader | undefined, SealedHeader | undefined] = [from, to];
    while (old !== undefined && young !== undefined && !equalBytes(old.hash, young.hash)) {
      if (removed.length + added.length >= maxBlocks) return { removed: [], added: [to] };
      const isYoungHigher = young.number >= old.number;
      if (old.number >= young.number) {
        removed.push(old);
        old = await chain.headerByHash(old.parentHash);
      }
      if (isYoungHigher) {
        added.push(young);
        young = await chain.headerByHash(young.parentHash);
      }
    }
    return { removed, added: added.reverse() };
  };

  const run = async (): Promise<void> => {
    while (isChanged && !isClosed && listeners.size > 0) {
      isChanged = false;
      const before = await last;
      const latest = await tags.latest();
      if (before !== undefined && equalBytes(before.hash, latest.hash)) continue;
      last = Promise.resolve(latest);
      const change = before === undefined ? { removed: [], added: [latest] } : await changeBetween(before, latest);
      // A listener that fails does not affect the others.
      await Promise.allSettled([...listeners].map(async (listener) => listener(change)));
    }
  };

  const check = (): void => {
    isChanged = true;
    if (isRunning || isClosed) return;
    isRunning = true;
    run()
      // The database cannot be read, which its other users report.
      .catch(() => {})
      .finally(() => {
        isRunning = false;
        if (isChanged && listeners.size > 0) check();
      });
  };
  const ends = [chain.onHead(check), tags.onChange(check)];

  return {
    onChange(listener) {
      // A new subscription begins after the present block.
      if (listeners.size === 0) last = tags.latest().catch(() => undefined);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      for (const end of ends) end();
      listeners.clear();
    },
  };
}

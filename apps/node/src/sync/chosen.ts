import type { SealedHeader } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';
import type { SyncChain } from './chain.ts';
import type { Target } from './target.ts';

/** What the sync asks of the consensus layer's choice. */
export interface HeadChoice {
  /** Hash of the block that is to be the head; `undefined` as long as nobody has said so. */
  readonly head: Uint8Array | undefined;
  /** Calls back when another head is chosen. @returns a function that ends it */
  onChange(listener: () => void): () => void;
  /** Remembers that a block is invalid, why, and which blocks follow it. */
  refuse(hash: Uint8Array, reason: string, descendants: readonly Uint8Array[]): void;
  /** Whether a block is known to be invalid, or to follow one that is. */
  isRefused(hash: Uint8Array): boolean;
  /** The header of a block that was chosen, where it is known already. */
  header(hash: Uint8Array): SealedHeader | undefined;
}

/** @see chosenTarget */
export interface ChosenTargetOptions {
  readonly choice: HeadChoice;
  readonly chain: SyncChain;
  readonly log: Log;
  /** Called each time a block is chosen that is on our chain. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/** Waits until the consensus layer chooses a block that is not on our chain. */
export async function chosenTarget(options: ChosenTargetOptions): Promise<Target> {
  const { choice, chain, onNone, signal } = options;
  let wake = (): void => {};
  const onChange = (): void => wake();
  const unsubscribe = choice.onChange(onChange);
  signal.addEventListener('abort', onChange);
  try {
    for (;;) {
      signal.throwIfAborted();
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const hash = choice.head;
      if (hash !== undefined && !choice.isRefused(hash)) {
        if ((await chain.numberOf(hash)) === undefined) return { hash };
        onNone();
      }
      await changed;
    }
  } finally {
    signal.removeEventListener('abort', onChange);
    unsubscribe();
  }
}

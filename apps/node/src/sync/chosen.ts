import { type Clock, withTimeout } from '@devp2p/clock';
import type { Log } from '../log.ts';
import type { SyncChain } from './chain.ts';
import type { Target } from './target.ts';

/** What the sync asks of the consensus layer's choice. */
export interface HeadChoice {
  /** Hash of the block that is to be the head; `undefined` as long as nobody has said so. */
  readonly head: Uint8Array | undefined;
  /** Calls back when another head is chosen. @returns a function that ends it */
  onChange(listener: () => void): () => void;
  /** Remembers that a block cannot be followed, and why. */
  refuse(hash: Uint8Array, reason: string): void;
  /** Why a block cannot be followed, as far as is known. */
  refusal(hash: Uint8Array): string | undefined;
}

/** @see chosenTarget */
export interface ChosenTargetOptions {
  readonly choice: HeadChoice;
  readonly chain: SyncChain;
  readonly clock: Clock;
  readonly log: Log;
  /** Called each time a block is chosen that is on our chain. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/** A consensus client speaks every 12 s; after so long without a word the operator is told. In ms. */
const silence = 120_000;

/** Waits until the consensus layer chooses a block that is not on our chain. */
export async function chosenTarget(options: ChosenTargetOptions): Promise<Target> {
  const { choice, chain, clock, log, onNone, signal } = options;
  let wake = (): void => {};
  const unsubscribe = choice.onChange(() => wake());
  try {
    for (;;) {
      signal.throwIfAborted();
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const hash = choice.head;
      if (hash !== undefined && choice.refusal(hash) === undefined) {
        if ((await chain.numberOf(hash)) === undefined) return { hash };
        onNone();
      }
      await withTimeout(clock, silence, () => changed, { signal }).catch(() => {});
      if (choice.head === undefined && !signal.aborted) {
        log.warn({}, 'no consensus client says what the head is: has it the JWT secret?');
      }
    }
  } finally {
    unsubscribe();
  }
}

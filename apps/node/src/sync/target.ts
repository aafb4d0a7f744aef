import type { ForkChoice } from '../chain/fork-choice.ts';
import type { Log } from '../logging/log.ts';
import type { SyncChain } from './chain.ts';

/** The block that a sync downloads the chain up to. */
export interface Target {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Absent until it is known. */
  readonly number?: number;
}

/** @see forkChoiceTarget */
export interface ForkChoiceTargetOptions {
  readonly forkChoice: Pick<ForkChoice, 'head' | 'isMoving' | 'onChange' | 'refuse' | 'isRefused'>;
  readonly chain: SyncChain;
  readonly log: Log;
  /** Called each time the requested head is canonical already. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/** Waits until the consensus layer requests a head that is not canonical. */
export async function forkChoiceTarget(options: ForkChoiceTargetOptions): Promise<Target> {
  const { forkChoice, chain, onNone, signal } = options;
  let wake = (): void => {};
  const onChange = (): void => wake();
  const unsubscribe = forkChoice.onChange(onChange);
  signal.addEventListener('abort', onChange);
  try {
    for (;;) {
      signal.throwIfAborted();
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const hash = forkChoice.head;
      if (hash !== undefined && !forkChoice.isMoving && !forkChoice.isRefused(hash)) {
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

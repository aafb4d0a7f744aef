import { toHex } from '@devp2p/enr';
import type { BlockError } from '../chain/error.ts';
import { type ChosenTargetOptions, chosenTarget } from './chosen.ts';
import type { SyncError } from './error.ts';
import { bestTarget, type Target, type TargetOptions } from './target.ts';

/** Blocks to come to, one after another. */
export interface Targets {
  /** Waits for one. */
  next(): Promise<Target>;
  /** Calls back when there is another than was given last. @returns a function that ends it */
  onOther(listener: () => void): () => void;
  /** A block turned out to be invalid, and is not to be given again. */
  refuse(hash: Uint8Array, error: BlockError | SyncError): void;
}

const maxRefused = 1024;

/** The best blocks of static peers. */
export function bestTargets(options: Omit<TargetOptions, 'isRefused'>): Targets {
  const refused = new Set<string>();
  return {
    next: () => bestTarget({ ...options, isRefused: (hash) => refused.has(toHex(hash)) }),
    // It grows by the block, and the sync comes to the next one when it is done with this.
    onOther: () => () => {},
    refuse(hash, error) {
      options.log.error({ hash, error }, 'the best block of a static peer is refused');
      if (refused.size >= maxRefused) refused.clear();
      refused.add(toHex(hash));
    },
  };
}

/** The blocks that the consensus layer chooses. */
export function chosenTargets(options: ChosenTargetOptions): Targets {
  const { choice, log } = options;
  return {
    next: () => chosenTarget(options),
    onOther: (listener) => choice.onChange(listener),
    refuse(hash, error) {
      log.error({ hash, error }, 'the block that the consensus layer has chosen is refused');
      choice.refuse(hash, error.message);
    },
  };
}

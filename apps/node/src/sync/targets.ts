import { toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockError } from '../errors/chain-error.ts';
import type { SyncError } from '../errors/sync-error.ts';
import { type ChosenTargetOptions, chosenTarget } from './chosen.ts';
import { bestTarget, type Target, type TargetOptions } from './target.ts';

/** Blocks to come to, one after another. */
export interface Targets {
  /** Waits for one. */
  next(): Promise<Target>;
  /** Calls back when there is another than was given last. @returns a function that ends it */
  onOther(listener: () => void): () => void;
  /**
   * A block turned out to be invalid, or to follow one that is, and is not to be given again.
   *
   * @param invalid the headers from the invalid block on, as far as they are known
   */
  refuse(hash: Uint8Array, error: BlockError | SyncError, invalid: readonly SealedHeader[]): void;
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
    refuse(hash, error, [first, ...rest]) {
      log.error({ hash, error }, 'the block that the consensus layer has chosen is refused');
      const descendants = [...rest.map((header) => header.hash), hash];
      choice.refuse(first?.hash ?? hash, error.message, descendants);
    },
  };
}

/** The best blocks of static peers, until the consensus layer chooses its first block. */
export function bestUntilChosen(
  options: ChosenTargetOptions & Omit<TargetOptions, 'isRefused'>,
): Targets {
  const { choice, signal } = options;
  const chosen = chosenTargets(options);
  const untilChosen = new AbortController();
  const abort = (): void => untilChosen.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const unsubscribe = choice.onChange(() => {
    unsubscribe();
    untilChosen.abort();
  });
  const best = bestTargets({ ...options, signal: untilChosen.signal });
  let last: Targets = best;
  return {
    async next() {
      if (choice.head === undefined) {
        last = best;
        const target = await best.next().catch((error: unknown) => {
          if (signal.aborted || choice.head === undefined) throw error;
        });
        if (target !== undefined) return target;
      }
      last = chosen;
      return chosen.next();
    },
    onOther: chosen.onOther,
    refuse: (...args) => last.refuse(...args),
  };
}

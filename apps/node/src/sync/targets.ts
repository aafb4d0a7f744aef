import { toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockError } from '../errors/chain-error.ts';
import type { SyncError } from '../errors/sync-error.ts';
import type { Log } from '../logging/log.ts';
import type { NextHeadOptions, PeerHead } from './peer-head.ts';
import { type StaticTarget, type StaticTargetOptions, staticTarget } from './static-target.ts';
import { type ForkChoiceTargetOptions, forkChoiceTarget, type Target } from './target.ts';

/** The targets of a sync, one after another. */
export interface Targets {
  /** Waits for the next target. */
  next(): Promise<Target>;
  /**
   * Calls the listener when the target has changed, with whether the chain moves to the new one by itself. It returns
   * whether the current target is given up.
   *
   * @returns a function that ends the subscription
   */
  onOther(listener: (isMoving: boolean) => boolean): () => void;
  /** Excludes a target that is invalid, or descends from an invalid block. */
  refuse(hash: Uint8Array, error: BlockError | SyncError, invalid: InvalidBranch): void;
}

/** An invalid block and its descendants up to a target, as far as they are known. */
export interface InvalidBranch {
  /** From the invalid block on, ascending. */
  readonly headers: readonly SealedHeader[];
  /** See `BadBlock.latestValidHash`. */
  readonly latestValidHash: Uint8Array | null;
}

const maxRefused = 1024;

/** Time without progress after which the best block of a peer that the operator has not chosen is given up, in ms. */
const giveUpTime = 30_000;

/**
 * Time after that during which the peers are followed in the order in which they connected, in ms. A peer that connects
 * again with another id does not hold the sync up again.
 */
const distrustTime = 600_000;

/** The best blocks of static peers, or of all peers. */
export function staticTargets(options: Omit<StaticTargetOptions, 'isRefused'>): Targets {
  const { followsAll = false, peers, clock, chain, log } = options;
  const refused = createRefused();
  /** The last target, while it is being given up. */
  let abandoned: StaticTarget | undefined;
  let last: StaticTarget | undefined;
  /** Monotonic time. */
  let distrustsUntil = Number.NEGATIVE_INFINITY;
  return {
    async next() {
      if (abandoned !== undefined && (await chain.numberOf(abandoned.hash)) === undefined) {
        log.warn({ hash: abandoned.hash }, 'no peer delivers the best block that a peer has reported');
        refused.add(abandoned.hash);
        distrustsUntil = clock.monotonic() + distrustTime;
        // It could report another such block each time, and would hold up the sync for as long as it is connected.
        const { source } = abandoned;
        if (!source.isStatic) await source.disconnect('useless-peer').catch(() => {});
      }
      abandoned = undefined;
      const followsFirst = clock.monotonic() < distrustsUntil;
      last = await staticTarget({ ...options, isRefused: refused.has, followsFirst });
      const { source: _, ...target } = last;
      return target;
    },
    // The best block changes with each new block, which is the next target.
    onOther(listener) {
      if (!followsAll) return () => {};
      let timer = clock.setTimeout(giveUp, giveUpTime);
      function giveUp(): void {
        timer = clock.setTimeout(giveUp, giveUpTime);
        if (listener(false)) abandoned = last;
      }
      const unsubscribe = peers.onChange(() => {
        // No other peer may have the block.
        if (last !== undefined && !peers.list().includes(last.source)) listener(false);
      });
      return () => {
        unsubscribe();
        timer.cancel();
      };
    },
    refuse(hash, error) {
      log.error({ hash, error }, 'refused the best block of a peer');
      refused.add(hash);
    },
  };
}

/** The heads that the consensus layer requests. */
export function forkChoiceTargets(options: ForkChoiceTargetOptions): Targets {
  const { forkChoice, log } = options;
  return {
    next: () => forkChoiceTarget(options),
    onOther: (listener) => forkChoice.onChange(() => void listener(forkChoice.isMoving)),
    refuse(hash, error, { headers: [first, ...rest], latestValidHash }) {
      log.error({ hash, error }, 'refused the head that the consensus layer has chosen');
      const descendants = [...rest.map((header) => header.hash), hash];
      forkChoice.refuse(first?.hash ?? hash, error.message, descendants, latestValidHash);
    },
  };
}

/** The heads on which peers agree. */
export function peerHeadTargets(
  options: Omit<NextHeadOptions, 'isRefused'> & { peerHead: PeerHead; log: Log },
): Targets {
  const { peerHead, log } = options;
  const refused = createRefused();
  return {
    next: () => peerHead.next({ ...options, isRefused: refused.has }),
    // It changes with each new block, which is the next target.
    onOther: () => () => {},
    refuse(hash, error) {
      log.error({ hash, error }, 'refused the head on which the peers agree');
      refused.add(hash);
    },
  };
}

/** Targets of another source, until the consensus layer requests its first head. */
export function targetsUntilForkChoice(
  options: ForkChoiceTargetOptions,
  before: (signal: AbortSignal) => Targets,
): Targets {
  const { forkChoice, signal } = options;
  const requested = forkChoiceTargets(options);
  const untilRequest = new AbortController();
  const abort = (): void => untilRequest.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const unsubscribe = forkChoice.onChange(() => {
    unsubscribe();
    untilRequest.abort();
  });
  const best = before(untilRequest.signal);
  let last: Targets = best;
  return {
    async next() {
      if (forkChoice.head === undefined) {
        last = best;
        const target = await best.next().catch((error: unknown) => {
          if (signal.aborted || forkChoice.head === undefined) throw error;
        });
        if (target !== undefined) return target;
      }
      last = requested;
      return requested.next();
    },
    onOther: requested.onOther,
    refuse: (...args) => last.refuse(...args),
  };
}

/** Hashes of refused targets, of which the number is limited. */
function createRefused(): { has(hash: Uint8Array): boolean; add(hash: Uint8Array): void } {
  const refused = new Set<string>();
  return {
    has: (hash) => refused.has(toHex(hash)),
    add(hash) {
      if (refused.size >= maxRefused) refused.clear();
      refused.add(toHex(hash));
    },
  };
}

import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import { latestValidHash } from '../chain/bad-blocks.ts';
import type { ForkChoice } from '../chain/fork-choice.ts';
import { BlockError } from '../errors/chain-error.ts';
import { SyncError } from '../errors/sync-error.ts';
import type { Log } from '../logging/log.ts';
import type { ReportProgress } from '../logging/progress.ts';
import { downloadBlocks } from './blocks.ts';
import type { SyncChain } from './chain.ts';
import { downloadHeaders } from './headers.ts';
import type { Missing } from './missing.ts';
import type { PeerHead } from './peer-head.ts';
import type { SyncPeers } from './peers.ts';
import type { Target } from './target.ts';
import {
  forkChoiceTargets,
  type InvalidBranch,
  peerHeadTargets,
  staticTargets,
  type Targets,
  targetsUntilForkChoice,
} from './targets.ts';

/** Result of a sync to one target. */
export interface SyncResult {
  /** The target. */
  readonly number: number;
  readonly hash: Uint8Array;
  /** Number of headers and blocks that were downloaded. */
  readonly headers: number;
  readonly blocks: number;
  /** Duration of each part, in ms. */
  readonly headersTime: number;
  readonly blocksTime: number;
}

type ForkChoiceMember = 'head' | 'isMoving' | 'onChange' | 'refuse' | 'isRefused' | 'header';

/** @see createSync */
export interface SyncOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** Hash of the only target, 32 bytes. @default the heads of `forkChoice` */
  readonly target?: Uint8Array | undefined;
  /** Source of targets, one after another. @default those of the peers */
  readonly forkChoice?: Pick<ForkChoice, ForkChoiceMember> | undefined;
  /** The head on which peers agree. @default the best blocks of static peers */
  readonly peerHead?: PeerHead | undefined;
  /** Whether heads of the peers are targets until there is a fork choice. @default false */
  readonly followsPeers?: boolean | undefined;
  /** Whether the best blocks of all peers are targets where those of static peers are. @default false */
  readonly followsAll?: boolean | undefined;
  readonly log: Log;
  readonly report: ReportProgress;
  /** Called each time the chain has reached the target. */
  readonly onSynced: (result: SyncResult) => void;
}

/** A running sync. */
export interface Sync {
  /** The current target; `undefined` before one is set. */
  readonly target: Target | undefined;
  /** The data that it needs next, while there is a target. */
  readonly missing: Missing | undefined;
  /** Time since the last progress or change of the target, in ms; 0 while blocks are executed. */
  readonly idleTime: number;
  /** Whether the chain has reached the last target. */
  readonly isSynced: boolean;
  /**
   * Resolves when the only target is reached, or the sync is closed. Rejects with a `SyncError` or `BlockError` when the
   * target cannot be reached, and with a `ChainError` when the store fails.
   */
  readonly done: Promise<void>;
  /** Stops the sync; the next one continues from the stored progress. Idempotent. */
  close(): Promise<void>;
}

/** Descendants of an invalid block that are recorded with it. */
const maxDescendants = 256;
/** Time without progress after which a new target replaces the current one at once, in ms. */
const stallTime = 30_000;

/** Starts a sync: downloads headers backwards from the target, then bodies and receipts. */
export function createSync(options: SyncOptions): Sync {
  const stop = new AbortController();
  const { clock } = options;
  const state: SyncState = {
    target: undefined,
    missing: undefined,
    lastProgress: clock.monotonic(),
    isSynced: false,
  };
  const done = run(options, stop.signal, state).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  // A caller may ignore it.
  done.catch(() => {});
  return {
    get target() {
      return state.target;
    },
    get missing() {
      return state.target && state.missing?.();
    },
    get idleTime() {
      const isExecuting =
        options.chain.catchUp !== undefined || (state.missing !== undefined && state.missing() === undefined);
      return isExecuting ? 0 : clock.monotonic() - state.lastProgress;
    },
    get isSynced() {
      return state.isSynced;
    },
    done,
    async close() {
      stop.abort();
      await done.catch(() => {});
    },
  };
}

/** The state of a sync. */
interface SyncState {
  target: Target | undefined;
  missing: (() => Missing | undefined) | undefined;
  lastProgress: number;
  isSynced: boolean;
}

async function run(options: SyncOptions, signal: AbortSignal, state: SyncState): Promise<void> {
  const { target, forkChoice, chain, clock, onSynced } = options;
  const onTarget = (next: Target | undefined): void => {
    state.target = next;
    state.missing = undefined;
    state.lastProgress = clock.monotonic();
    if (next !== undefined) state.isSynced = false;
  };
  if (target !== undefined) {
    onTarget({ hash: target });
    const result = await syncTo(target, options, signal, state);
    state.isSynced = true;
    if (result !== undefined) onSynced(result);
    onTarget(undefined);
    return;
  }
  let synced = false;
  const onNone = (): void => {
    state.isSynced = true;
    if (!synced) onSynced(nothingToDo(chain.head));
    synced = true;
  };
  const { peerHead, log, followsPeers } = options;
  const peerTargets = (until: AbortSignal): Targets =>
    peerHead
      ? peerHeadTargets({ peerHead, log, onNone, signal: until })
      : staticTargets({ ...options, onNone, signal: until });
  const forkChoiceOptions = forkChoice && { ...options, forkChoice, onNone, signal };
  const targets =
    forkChoiceOptions === undefined
      ? peerTargets(signal)
      : followsPeers
        ? targetsUntilForkChoice(forkChoiceOptions, peerTargets)
        : forkChoiceTargets(forkChoiceOptions);
  for (;;) {
    const next = await targets.next();
    const { hash } = next;
    onTarget(next);
    try {
      const result = await syncTo(hash, options, signal, state, targets);
      state.isSynced = result !== undefined;
      if (result !== undefined) onSynced(result);
      synced ||= result !== undefined;
    } catch (error) {
      if (!(error instanceof BlockError || error instanceof SyncError)) throw error;
      targets.refuse(hash, error, await invalidBranch(chain, hash, error));
      await chain.syncProgress.clear();
    }
    onTarget(undefined);
  }
}

/** The stored headers from an invalid block up to the target. */
async function invalidBranch(
  chain: SyncChain,
  target: Uint8Array,
  error: BlockError | SyncError,
): Promise<InvalidBranch> {
  const { syncProgress } = chain;
  const [segment] = await syncProgress.segments();
  const isPart =
    error instanceof BlockError &&
    segment !== undefined &&
    // Another segment does not belong to this target.
    equalBytes(segment.topHash, target) &&
    segment.tail <= error.number;
  if (!isPart) return { headers: [], latestValidHash: null };
  const headers = await syncProgress.headers(error.number, maxDescendants);
  const [first] = headers;
  const isExecuted = first !== undefined && chain.isExecuting;
  return { headers, latestValidHash: isExecuted ? await validParent(chain, first) : null };
}

/** The latest valid hash of a block whose ancestors have been executed. */
async function validParent(chain: SyncChain, { number, parentHash }: SealedHeader): Promise<Uint8Array | null> {
  const [downloaded] = await chain.syncProgress.headers(number - 1, 1);
  const parent = (await chain.headerByHash(parentHash)) ?? downloaded;
  return parent && equalBytes(parent.hash, parentHash) ? latestValidHash(parent) : null;
}

function nothingToDo({ number, hash }: SealedHeader): SyncResult {
  return { number, hash, headers: 0, blocks: 0, headersTime: 0, blocksTime: 0 };
}

/** @returns `undefined` when another target has replaced this one */
async function syncTo(
  target: Uint8Array,
  { chain, peers, clock, log, forkChoice, ...options }: SyncOptions,
  signal: AbortSignal,
  state: SyncState,
  targets?: Pick<Targets, 'onOther'>,
): Promise<SyncResult | undefined> {
  log.info({ hash: target, head: chain.head.number }, 'sync started');
  const watch = watchProgress(clock, state, log, options.report);
  const onStage = (missing: () => Missing | undefined): void => {
    state.missing = missing;
  };
  const attempt = new AbortController();
  const abort = (): void => attempt.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  let isOutdated = false;
  const unsubscribe = targets?.onOther((isMoving) => {
    if (!isMoving && !watch.isIdle()) return false;
    isOutdated = true;
    attempt.abort();
    return true;
  });
  try {
    const started = clock.monotonic();
    const run = { chain, peers, clock, signal: attempt.signal, report: watch.report, onStage };
    const { head } = chain;
    const isCanonical = (await chain.numberOf(target)) !== undefined;
    if (!isCanonical && (await chain.setHead(target))) {
      // The target was on a branch that is stored.
      const { number, hash } = chain.head;
      log.warn({ from: head.number, to: number }, 'the head moves to a stored branch');
      const time = clock.monotonic() - started;
      return { number, hash, headers: 0, blocks: 0, headersTime: time, blocksTime: 0 };
    }
    const { ancestor, top, downloaded } = await downloadHeaders({
      ...run,
      target,
      targetHeader: forkChoice?.header(target),
    });
    const headersDone = clock.monotonic();
    if (ancestor < chain.head.number && ancestor < top) {
      log.warn({ from: chain.head.number, to: ancestor }, 'the target is on another branch');
    }
    if (ancestor < top) await downloadBlocks({ ...run, first: ancestor + 1, last: top });
    await chain.syncProgress.clear();
    if (!equalBytes(target, (await chain.hashAt(top)) ?? new Uint8Array())) {
      throw new Error(`block ${top} is not 0x${toHex(target)} after the sync`);
    }
    return {
      number: top,
      hash: target,
      headers: downloaded,
      blocks: top - ancestor,
      headersTime: headersDone - started,
      blocksTime: clock.monotonic() - headersDone,
    };
  } catch (error) {
    if (isOutdated && !signal.aborted && error === attempt.signal.reason) return undefined;
    throw error;
  } finally {
    unsubscribe?.();
    signal.removeEventListener('abort', abort);
  }
}

/** Records the time of the last progress. */
function watchProgress(
  clock: Clock,
  state: SyncState,
  log: Log,
  report: ReportProgress,
): { report: ReportProgress; isIdle(): boolean } {
  let hasBegun = false;
  return {
    report(phase, done, total, amounts) {
      hasBegun = true;
      state.lastProgress = clock.monotonic();
      log.debug({ phase, done, total }, 'progress');
      report(phase, done, total, amounts);
    },
    /**
     * Whether there was no progress yet, or none for some time. A batch may be executed for longer than that: nothing is
     * missing then, and the peers are not at fault.
     */
    isIdle: () => !hasBegun || (state.missing?.() !== undefined && clock.monotonic() - state.lastProgress >= stallTime),
  };
}

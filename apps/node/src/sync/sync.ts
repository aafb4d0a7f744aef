import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import { BlockError } from '../errors/chain-error.ts';
import { SyncError } from '../errors/sync-error.ts';
import type { Log } from '../logging/log.ts';
import type { ReportProgress } from '../logging/progress.ts';
import { downloadBlocks } from './blocks.ts';
import type { SyncChain } from './chain.ts';
import type { HeadChoice } from './chosen.ts';
import { downloadHeaders } from './headers.ts';
import type { Missing } from './missing.ts';
import type { SyncPeers } from './peers.ts';
import type { Target } from './target.ts';
import { bestTargets, bestUntilChosen, chosenTargets, type Targets } from './targets.ts';

/** What one run of the sync did. */
export interface SyncResult {
  /** The head that it came to. */
  readonly number: number;
  readonly hash: Uint8Array;
  /** Headers and blocks that were added. */
  readonly headers: number;
  readonly blocks: number;
  /** Milliseconds that each half took. */
  readonly headersTime: number;
  readonly blocksTime: number;
}

/** @see createSync */
export interface SyncOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** Hash of the one block to come to, 32 bytes. @default what `choice` says */
  readonly target?: Uint8Array | undefined;
  /** Whose blocks to come to if there is no `target`, again and again. @default static peers' */
  readonly choice?: HeadChoice | undefined;
  /** Whether static peers' best blocks are followed until there is a choice. @default false */
  readonly followStatic?: boolean | undefined;
  readonly log: Log;
  readonly report: ReportProgress;
  /** Called each time the sync has come to its target. */
  readonly onSynced: (result: SyncResult) => void;
}

/** A running sync. */
export interface Sync {
  /** What it is heading for; `undefined` while there is nothing to do. */
  readonly target: Target | undefined;
  /** What it needs next, while there is a target. */
  readonly missing: Missing | undefined;
  /** ms since anything came, or since the target was named. */
  readonly idleTime: number;
  /** Whether it has come to what was named last. */
  readonly isInStep: boolean;
  /** Rejects when the target cannot be reached, with a `SyncError` or `BlockError`, and when the store fails. */
  readonly done: Promise<void>;
  /** Stops; what is stored by then is where the next start goes on. Idempotent. */
  close(): Promise<void>;
}

/** Blocks after an invalid one that are remembered as such. */
const maxDescendants = 256;
/** With no progress for so long, another target is taken at once. In ms. */
const stallTime = 30_000;

/** Starts to fill the chain from its peers: headers backwards from the target, then bodies and receipts. */
export function createSync(options: SyncOptions): Sync {
  const stop = new AbortController();
  const { clock } = options;
  const course: Course = {
    target: undefined,
    missing: undefined,
    lastProgress: clock.monotonic(),
    isInStep: false,
  };
  const done = run(options, stop.signal, course).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  // Whoever cares awaits it; nobody has to.
  done.catch(() => {});
  return {
    get target() {
      return course.target;
    },
    get missing() {
      return course.target && course.missing?.();
    },
    get idleTime() {
      return clock.monotonic() - course.lastProgress;
    },
    get isInStep() {
      return course.isInStep;
    },
    done,
    async close() {
      stop.abort();
      await done.catch(() => {});
    },
  };
}

/** Where a sync is: what it tells of itself. */
interface Course {
  target: Target | undefined;
  missing: (() => Missing) | undefined;
  lastProgress: number;
  isInStep: boolean;
}

async function run(options: SyncOptions, signal: AbortSignal, course: Course): Promise<void> {
  const { target, choice, chain, clock, onSynced } = options;
  const onTarget = (next: Target | undefined): void => {
    course.target = next;
    course.missing = undefined;
    course.lastProgress = clock.monotonic();
    if (next !== undefined) course.isInStep = false;
  };
  if (target !== undefined) {
    onTarget({ hash: target });
    const result = await syncTo(target, options, signal, course);
    course.isInStep = true;
    if (result !== undefined) onSynced(result);
    onTarget(undefined);
    return;
  }
  let synced = false;
  const onNone = (): void => {
    course.isInStep = true;
    if (!synced) onSynced(nothingToDo(chain.head));
    synced = true;
  };
  const targetsOf = options.followStatic ? bestUntilChosen : chosenTargets;
  const targets = choice
    ? targetsOf({ ...options, choice, onNone, signal })
    : bestTargets({ ...options, onNone, signal });
  for (;;) {
    const next = await targets.next();
    const { hash } = next;
    onTarget(next);
    try {
      const result = await syncTo(hash, options, signal, course, targets);
      course.isInStep = result !== undefined;
      if (result !== undefined) onSynced(result);
      synced ||= result !== undefined;
    } catch (error) {
      if (!(error instanceof BlockError || error instanceof SyncError)) throw error;
      targets.refuse(hash, error, await invalidHeaders(chain, hash, error));
      await chain.syncProgress.clear();
    }
    onTarget(undefined);
  }
}

/** The headers from an invalid block up towards the target that follows it, as far as the skeleton has them. */
async function invalidHeaders(
  { syncProgress }: SyncChain,
  target: Uint8Array,
  error: BlockError | SyncError,
): Promise<SealedHeader[]> {
  const [segment] = await syncProgress.segments();
  if (!(error instanceof BlockError) || segment === undefined) return [];
  // Headers of another segment say nothing about this target.
  const isPart = equalBytes(segment.topHash, target) && segment.tail <= error.number;
  return isPart ? syncProgress.headers(error.number, maxDescendants) : [];
}

function nothingToDo({ number, hash }: SealedHeader): SyncResult {
  return { number, hash, headers: 0, blocks: 0, headersTime: 0, blocksTime: 0 };
}

/** @returns `undefined` when nothing came of it until there was another target */
async function syncTo(
  target: Uint8Array,
  { chain, peers, clock, log, choice, ...options }: SyncOptions,
  signal: AbortSignal,
  course: Course,
  targets?: Pick<Targets, 'onOther'>,
): Promise<SyncResult | undefined> {
  log.info({ hash: target, head: chain.head.number }, 'sync started');
  const watch = watchProgress(clock, course, log, options.report);
  const onStage = (missing: () => Missing): void => {
    course.missing = missing;
  };
  const attempt = new AbortController();
  const abort = (): void => attempt.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  let isOutdated = false;
  const unsubscribe = targets?.onOther(() => {
    if (!watch.isIdle()) return;
    isOutdated = true;
    attempt.abort();
  });
  try {
    const started = clock.monotonic();
    const run = { chain, peers, clock, signal: attempt.signal, report: watch.report, onStage };
    const { head } = chain;
    const isCanonical = (await chain.numberOf(target)) !== undefined;
    if (!isCanonical && (await chain.reorganizeTo(target))) {
      // The target was on a branch that is stored.
      const { number, hash } = chain.head;
      log.warn({ from: head.number, to: number }, 'the head moves to a stored branch');
      const time = clock.monotonic() - started;
      return { number, hash, headers: 0, blocks: 0, headersTime: time, blocksTime: 0 };
    }
    const { ancestor, top, downloaded } = await downloadHeaders({
      ...{ ...run, target },
      targetHeader: choice?.header(target),
    });
    const linked = clock.monotonic();
    if (ancestor < chain.head.number && ancestor < top) {
      log.warn({ from: chain.head.number, to: ancestor }, 'the target leaves our chain');
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
      headersTime: linked - started,
      blocksTime: clock.monotonic() - linked,
    };
  } catch (error) {
    if (isOutdated && !signal.aborted && error === attempt.signal.reason) return undefined;
    throw error;
  } finally {
    unsubscribe?.();
    signal.removeEventListener('abort', abort);
  }
}

/** Remembers when something came last. */
function watchProgress(
  clock: Clock,
  course: Course,
  log: Log,
  report: ReportProgress,
): { report: ReportProgress; isIdle(): boolean } {
  let hasBegun = false;
  return {
    report(phase, done, total) {
      hasBegun = true;
      course.lastProgress = clock.monotonic();
      log.debug({ phase, done, total }, 'progress');
      report(phase, done, total);
    },
    /** Whether nothing has come yet, or nothing any more. */
    isIdle: () => !hasBegun || clock.monotonic() - course.lastProgress >= stallTime,
  };
}

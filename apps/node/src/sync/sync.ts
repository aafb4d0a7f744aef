import type { Clock, Timer } from '@devp2p/clock';
import { toHex } from '@devp2p/enr';
import type { SealedHeader } from '@devp2p/eth';
import { equalBytes } from '../chain/bytes.ts';
import { BlockError } from '../chain/error.ts';
import type { Log } from '../log.ts';
import type { ReportProgress } from '../progress.ts';
import { downloadBlocks } from './blocks.ts';
import type { SyncChain } from './chain.ts';
import { SyncError } from './error.ts';
import { downloadHeaders } from './headers.ts';
import type { SyncPeers } from './peers.ts';
import { bestTarget, type Target } from './target.ts';

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
  /** Hash of the block to come to, 32 bytes. @default the best block that a static peer reports, again and again */
  readonly target?: Uint8Array | undefined;
  readonly log: Log;
  readonly report: ReportProgress;
  /** Called each time the sync has come to its target. */
  readonly onSynced: (result: SyncResult) => void;
}

/** A running sync. */
export interface Sync {
  /** What it is heading for; `undefined` while there is nothing to do. */
  readonly target: Target | undefined;
  /** Rejects when the target cannot be reached, with a `SyncError` or `BlockError`, and when the store fails. */
  readonly done: Promise<void>;
  /** Stops; what is stored by then is where the next start goes on. Idempotent. */
  close(): Promise<void>;
}

/** With no progress for so long, the operator is told. In ms. */
const stallTime = 30_000;
const maxRefused = 1024;

/** Starts to fill the chain from its peers: headers backwards from the target, then bodies and receipts. */
export function createSync(options: SyncOptions): Sync {
  const stop = new AbortController();
  let target: Target | undefined;
  const done = run(options, stop.signal, (next) => {
    target = next;
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  // Whoever cares awaits it; nobody has to.
  done.catch(() => {});
  return {
    get target() {
      return target;
    },
    done,
    async close() {
      stop.abort();
      await done.catch(() => {});
    },
  };
}

async function run(
  options: SyncOptions,
  signal: AbortSignal,
  onTarget: (target: Target | undefined) => void,
): Promise<void> {
  const { target } = options;
  if (target !== undefined) {
    onTarget({ hash: target });
    options.onSynced(await syncTo(target, options, signal));
    onTarget(undefined);
    return;
  }
  // A chain that turned out to be invalid is not tried again.
  const refused = new Set<string>();
  let synced = false;
  const atBest = (): void => {
    if (!synced) options.onSynced(nothingToDo(options.chain.head));
    synced = true;
  };
  for (;;) {
    const next = await bestTarget({
      ...options,
      isRefused: (hash) => refused.has(toHex(hash)),
      onNone: atBest,
      signal,
    });
    onTarget(next);
    try {
      const result = await syncTo(next.hash, options, signal);
      synced = true;
      options.onSynced(result);
    } catch (error) {
      if (!(error instanceof BlockError || error instanceof SyncError)) throw error;
      options.log.error({ hash: next.hash, error }, 'the best block of a static peer is refused');
      if (refused.size >= maxRefused) refused.clear();
      refused.add(toHex(next.hash));
      await options.chain.skeleton.clear();
    }
    onTarget(undefined);
  }
}

function nothingToDo({ number, hash }: SealedHeader): SyncResult {
  return { number, hash, headers: 0, blocks: 0, headersTime: 0, blocksTime: 0 };
}

async function syncTo(
  target: Uint8Array,
  { chain, peers, clock, log, ...options }: SyncOptions,
  signal: AbortSignal,
): Promise<SyncResult> {
  log.info({ hash: target, head: chain.head.number }, 'sync started');
  const watch = watchStall(clock, peers, log, options.report);
  const { report } = watch;
  try {
    const started = clock.monotonic();
    const run = { chain, peers, clock, signal, report };
    const { ancestor, top, downloaded } = await downloadHeaders({ ...run, target });
    const linked = clock.monotonic();
    if (ancestor < chain.head.number && ancestor < top) {
      log.warn({ from: chain.head.number, to: ancestor }, 'the target leaves our chain');
    }
    if (ancestor < top) await downloadBlocks({ ...run, first: ancestor + 1, last: top });
    await chain.skeleton.clear();
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
  } finally {
    watch.close();
  }
}

/** Says so when nothing comes any more. */
function watchStall(
  clock: Clock,
  peers: SyncPeers,
  log: Log,
  report: ReportProgress,
): { report: ReportProgress; close(): void } {
  let last = clock.monotonic();
  let timer: Timer;
  const check = (): void => {
    const silent = clock.monotonic() - last;
    if (silent >= stallTime) {
      const seconds = Math.round(silent / 1000);
      log.warn({ seconds, peers: peers.list().length }, 'no peer serves what the sync needs');
    }
    timer = clock.setTimeout(check, stallTime);
  };
  timer = clock.setTimeout(check, stallTime);
  return {
    report(phase, done, total) {
      last = clock.monotonic();
      log.debug({ phase, done, total }, 'progress');
      report(phase, done, total);
    },
    close: () => timer.cancel(),
  };
}

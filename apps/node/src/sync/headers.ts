import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { EthPeer, SealedHeader } from '@devp2p/eth';
import { SyncError } from '../errors/sync-error.ts';
import type { ReportProgress } from '../logging/progress.ts';
import type { Segment } from '../storage/sync-progress.ts';
import type { SyncChain } from './chain.ts';
import type { Missing } from './missing.ts';
import type { SyncPeers } from './peers.ts';
import { type Outcome, runDownload } from './run-download.ts';
import { TaskScheduler, type TaskSource } from './task-scheduler.ts';

/** @see downloadHeaders */
export interface HeaderDownloadOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** Hash of the target. */
  readonly target: Uint8Array;
  /** The target's header, if it is known. @default requested from peers */
  readonly targetHeader?: SealedHeader | undefined;
  readonly signal: AbortSignal;
  readonly report: ReportProgress;
  /** Called with a function that returns the data needed next. @default not called */
  readonly onStage?: ((missing: () => Missing) => void) | undefined;
}

/** Headers from a canonical block to the target. */
export interface HeaderRun {
  /** Number of the last canonical block that is an ancestor of the target. */
  readonly ancestor: number;
  /** The target's number. */
  readonly top: number;
  /** Number of downloaded headers. */
  readonly downloaded: number;
}

/** Headers of one request: go-ethereum requests 192 or 512 and serves 1024. */
const requestSize = { first: 192, max: 1024 };
/** Distance below the stored headers up to which others are requested. */
const window = 8192;

/**
 * Downloads the headers from the target back to a canonical block, and stores them as they arrive, so that the next
 * start continues from them.
 *
 * @throws SyncError; BlockError `required-block`, `unsupported-fork`
 */
export async function downloadHeaders(options: HeaderDownloadOptions): Promise<HeaderRun> {
  const { chain, target, signal, report } = options;
  const known = await chain.numberOf(target);
  if (known !== undefined) return { ancestor: known, top: known, downloaded: 0 };

  let [active, ...older] = await chain.syncProgress.segments();
  if (active === undefined || !equalBytes(active.topHash, target)) {
    if (active !== undefined) older = [active, ...older];
    const header = options.targetHeader ?? (await findHeader(options));
    chain.checkEligible(header);
    active = {
      top: header.number,
      topHash: header.hash,
      tail: header.number,
      tailParent: header.parentHash,
    };
    // One older segment is kept, which may join this one; a segment above the target is dropped.
    older = older.filter(({ top }) => top < header.number).slice(0, 1);
    await chain.syncProgress.write([header], [active, ...older]);
  }
  const download = await runDownload<HeaderDownload>(signal, (outcome) => {
    const tasks = new HeaderDownload(active, older[0], options, outcome);
    const scheduler = new TaskScheduler({
      ...options,
      tasks,
      requestSize,
      onError: outcome.reject,
    });
    tasks.onProgress = () => scheduler.run();
    options.onStage?.(() => ({ what: 'headers', number: tasks.next }));
    return [scheduler];
  });
  const { downloaded, segment } = download;
  const ancestor = await commonAncestor(chain, segment);
  report('headers', segment.top - ancestor, segment.top - ancestor);
  return { ancestor, top: segment.top, downloaded };
}

/** Requests the target's header from peers, one after another. */
function findHeader(options: HeaderDownloadOptions): Promise<SealedHeader> {
  options.onStage?.(() => ({ what: 'head' }));
  return runDownload(options.signal, ({ resolve, reject }) => {
    let waiting = true;
    const tasks: TaskSource<Uint8Array> = {
      take: () => {
        if (!waiting) return undefined;
        waiting = false;
        return options.target;
      },
      async run(peer, origin, signal) {
        const [header] = await peer.getHeaders({ origin, amount: 1 }, { signal });
        if (header === undefined) {
          waiting = true;
          return 0;
        }
        resolve(header);
        return 1;
      },
      putBack: () => {
        waiting = true;
      },
    };
    return [new TaskScheduler({ ...options, tasks, requestSize, onError: reject })];
  });
}

/** The last canonical block of the segment, or the block below its tail, by binary search. */
async function commonAncestor(chain: SyncChain, { tail, top }: Segment): Promise<number> {
  let [common, different] = [tail - 1, Math.min(chain.head.number, top) + 1];
  while (different - common > 1) {
    const middle = Math.floor((common + different) / 2);
    const [ours, [theirs]] = await Promise.all([chain.hashAt(middle), chain.syncProgress.headers(middle, 1)]);
    const same = ours !== undefined && theirs !== undefined && equalBytes(ours, theirs.hash);
    if (same) common = middle;
    else different = middle;
  }
  return common;
}

/** Headers from `top` down. */
interface Span {
  readonly top: number;
  readonly count: number;
}

class HeaderDownload implements TaskSource<Span> {
  onProgress = (): void => {};
  downloaded = 0;
  #segment: Segment;
  /** An older segment that this one may reach. */
  #older: Segment | undefined;
  /** The stored part of {@link #segment}. */
  #stored: Segment;
  /** The highest number that was not requested yet, and the lowest that is to be requested. */
  #next: number;
  #floor: number;
  #reorgDepth = 64;
  #returned: Span[] = [];
  readonly #waiting = new Map<number, { headers: readonly SealedHeader[]; peer: EthPeer }>();
  /** Peers on another chain than the target's. */
  readonly #otherChain = new WeakSet<EthPeer>();
  #unsaved: SealedHeader[] = [];
  #saving = false;
  readonly #options: HeaderDownloadOptions;
  readonly #outcome: Outcome<HeaderDownload>;

  constructor(
    segment: Segment,
    older: Segment | undefined,
    options: HeaderDownloadOptions,
    outcome: Outcome<HeaderDownload>,
  ) {
    this.#segment = segment;
    this.#stored = segment;
    this.#older = older;
    this.#options = options;
    this.#outcome = outcome;
    this.#next = segment.tail - 1;
    this.#floor = this.#firstFloor();
    void this.#save();
  }

  /** Number of the header below the segment. */
  get next(): number {
    return this.#segment.tail - 1;
  }

  get segment(): Segment {
    return this.#stored;
  }

  take(limit: number, peer: EthPeer): Span | undefined {
    if (this.#otherChain.has(peer)) return undefined;
    const returned = this.#returned.pop();
    if (returned !== undefined) {
      const { top, count } = returned;
      if (count > limit) this.putBack({ top: top - limit, count: count - limit });
      return { top, count: Math.min(count, limit) };
    }
    const top = this.#next;
    if (top < this.#floor || this.#stored.tail - top > window) return undefined;
    const count = Math.min(limit, top - this.#floor + 1);
    this.#next -= count;
    return { top, count };
  }

  async run(peer: EthPeer, span: Span, signal: AbortSignal): Promise<number> {
    const { top, count } = span;
    // By hash if it is known, since the same number is another block on another chain.
    const origin = top === this.#segment.tail - 1 ? this.#segment.tailParent : top;
    const headers = await peer.getHeaders({ origin, amount: count, reverse: true }, { signal });
    const missing = count - headers.length;
    if (missing > 0) this.putBack({ top: top - headers.length, count: missing });
    const [first] = headers;
    if (first === undefined) return 0;
    if (first.number !== top) {
      // The request was by hash, so the header above has a wrong number.
      throw new SyncError('other-chain', `the parent of block ${top + 1} is block ${first.number}`);
    }
    this.#waiting.set(top, { headers, peer });
    this.#join();
    return headers.length;
  }

  putBack(span: Span): void {
    this.#returned.push(span);
    this.#returned.sort((a, b) => a.top - b.top);
  }

  /** Appends received headers to the segment. */
  #join(): void {
    for (;;) {
      const { tail, tailParent } = this.#segment;
      const received = this.#waiting.get(tail - 1);
      if (received === undefined) break;
      this.#waiting.delete(tail - 1);
      const { headers, peer } = received;
      const [first, last] = [headers[0], headers.at(-1)];
      if (first === undefined || last === undefined) break;
      if (!equalBytes(first.hash, tailParent)) {
        this.#otherChain.add(peer);
        this.putBack({ top: tail - 1, count: headers.length });
        break;
      }
      // The headers are ancestors of the target, so an error is the target's and not the peer's.
      for (const header of headers) this.#options.chain.checkEligible(header);
      this.#segment = { ...this.#segment, tail: last.number, tailParent: last.parentHash };
      this.#unsaved.push(...headers);
      this.downloaded += headers.length;
    }
    void this.#save();
  }

  /** Stores the new headers of the segment, and ends the download when it is complete; one call at a time. */
  async #save(): Promise<void> {
    if (this.#saving) return;
    this.#saving = true;
    try {
      do {
        const [headers, segment] = [this.#unsaved, this.#segment];
        this.#unsaved = [];
        if (headers.length > 0) {
          const below = this.#older === undefined ? [] : [this.#older];
          await this.#options.chain.syncProgress.write(headers, [segment, ...below]);
        }
        this.#stored = segment;
        this.#report();
        if (segment.tail <= this.#floor && (await this.#reachedFloor())) {
          this.#outcome.resolve(this);
          return;
        }
      } while (this.#unsaved.length > 0);
    } catch (error) {
      this.#outcome.reject(error);
    } finally {
      this.#saving = false;
    }
    this.onProgress();
  }

  /** Whether the stored headers reach the canonical chain. If not, continues with an older segment, or further down. */
  async #reachedFloor(): Promise<boolean> {
    const { chain } = this.#options;
    const { tail, tailParent } = this.#stored;
    const ours = await chain.hashAt(tail - 1);
    if (ours !== undefined && equalBytes(ours, tailParent)) return true;
    if (tail <= 1) {
      throw new SyncError('other-chain', 'the target belongs to a chain with another genesis block');
    }
    const older = this.#older;
    if (older !== undefined && older.top <= tail - 1) {
      this.#older = undefined;
      if (older.top === tail - 1 && equalBytes(older.topHash, tailParent)) {
        this.#segment = { ...this.#segment, tail: older.tail, tailParent: older.tailParent };
        this.#stored = this.#segment;
      }
      await chain.syncProgress.write([], [this.#stored]);
      this.#floor = this.#firstFloor();
      this.#next = this.#stored.tail - 1;
      if (this.#next >= this.#floor) return false;
      return this.#reachedFloor();
    }
    // The common ancestor is further down.
    this.#floor = Math.max(1, tail - this.#reorgDepth);
    this.#reorgDepth *= 2;
    this.#next = tail - 1;
    return false;
  }

  /** The first block above the head or above the older segment: the expected end without a reorganization. */
  #firstFloor(): number {
    const { head } = this.#options.chain;
    const floor = Math.max(head.number, this.#older?.top ?? 0) + 1;
    return Math.max(1, Math.min(floor, this.#segment.tail));
  }

  #report(): void {
    const { top, tail } = this.#stored;
    const end = Math.max(this.#options.chain.head.number, 0);
    const total = Math.max(1, top - end);
    // The last header is reported when it is known to reach the canonical chain.
    this.#options.report('headers', Math.min(top - tail + 1, total - 1), total);
  }
}

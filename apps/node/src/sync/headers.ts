import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { EthPeer, SealedHeader } from '@devp2p/eth';
import { SyncError } from '../errors/sync-error.ts';
import type { ReportProgress } from '../logging/progress.ts';
import type { Segment } from '../storage/sync-progress.ts';
import type { SyncChain } from './chain.ts';
import { drive, type Outcome } from './drive.ts';
import { Lane, type Work } from './lane.ts';
import type { Missing } from './missing.ts';
import type { SyncPeers } from './peers.ts';

/** @see downloadHeaders */
export interface HeaderDownloadOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** Hash of the block to come to. */
  readonly target: Uint8Array;
  /** Its header, where it is known already. @default asked of peers */
  readonly targetHeader?: SealedHeader | undefined;
  readonly signal: AbortSignal;
  readonly report: ReportProgress;
  /** Called with what tells what is missing next. @default nobody */
  readonly onStage?: ((missing: () => Missing) => void) | undefined;
}

/** Headers that lead from a block of ours to the target. */
export interface HeaderRun {
  /** Number of the last block that our chain and the target's have in common. */
  readonly ancestor: number;
  /** The target's number. */
  readonly top: number;
  /** How many headers were downloaded. */
  readonly downloaded: number;
}

/** Headers asked for in one request: go-ethereum asks for 192 or 512 and serves 1024. */
const paceLimits = { first: 192, most: 1024 };
/** Headers that may have come before those that they join. */
const window = 8192;

/**
 * Downloads the headers from the target back to a block that we have, and keeps them in the skeleton as they come, so
 * that the next start goes on where this one ends.
 *
 * @throws SyncError; BlockError for the target of another chain than is required
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
    // One older segment is worth joining; one that reaches higher than the target gives way to it.
    older = older.filter(({ top }) => top < header.number).slice(0, 1);
    await chain.syncProgress.write([header], [active, ...older]);
  }
  const download = await drive<HeaderDownload>(signal, (outcome) => {
    const work = new HeaderDownload(active, older[0], options, outcome);
    const lane = new Lane({ ...options, work, limits: paceLimits, onError: outcome.reject });
    work.onProgress = () => lane.pump();
    options.onStage?.(() => ({ what: 'headers', number: work.next }));
    return [lane];
  });
  const { downloaded, segment } = download;
  const ancestor = await commonAncestor(chain, segment);
  report('headers', segment.top - ancestor, segment.top - ancestor);
  return { ancestor, top: segment.top, downloaded };
}

/** The target's own header, from the first peer that has it. */
function findHeader(options: HeaderDownloadOptions): Promise<SealedHeader> {
  options.onStage?.(() => ({ what: 'head' }));
  return drive(options.signal, ({ resolve, reject }) => {
    let waiting = true;
    const work: Work<Uint8Array> = {
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
    return [new Lane({ ...options, work, limits: paceLimits, onError: reject })];
  });
}

/** The last block below the segment's top that is on our chain; the segment's tail joins it. */
async function commonAncestor(chain: SyncChain, { tail, top }: Segment): Promise<number> {
  let [common, different] = [tail - 1, Math.min(chain.head.number, top) + 1];
  while (different - common > 1) {
    const middle = Math.floor((common + different) / 2);
    const [ours, [theirs]] = await Promise.all([
      chain.hashAt(middle),
      chain.syncProgress.headers(middle, 1),
    ]);
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

class HeaderDownload implements Work<Span> {
  onProgress = (): void => {};
  downloaded = 0;
  #segment: Segment;
  /** An older segment that may lie on the way. */
  #older: Segment | undefined;
  /** What of {@link #segment} is in the store. */
  #stored: Segment;
  /** The highest number that was not given to a peer yet, and the lowest that is worth asking for. */
  #next: number;
  #floor: number;
  #reorgDepth = 64;
  #returned: Span[] = [];
  readonly #waiting = new Map<number, { headers: readonly SealedHeader[]; peer: EthPeer }>();
  /** Peers that are on another chain than the target. */
  readonly #strangers = new WeakSet<EthPeer>();
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

  /** The header that would join what is there. */
  get next(): number {
    return this.#segment.tail - 1;
  }

  get segment(): Segment {
    return this.#stored;
  }

  take(limit: number, peer: EthPeer): Span | undefined {
    if (this.#strangers.has(peer)) return undefined;
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
    // By hash where it is known, since a number means another block on another chain.
    const origin = top === this.#segment.tail - 1 ? this.#segment.tailParent : top;
    const headers = await peer.getHeaders({ origin, amount: count, reverse: true }, { signal });
    const missing = count - headers.length;
    if (missing > 0) this.putBack({ top: top - headers.length, count: missing });
    const [first] = headers;
    if (first === undefined) return 0;
    if (first.number !== top) {
      // Asked by hash: our own number for it was wrong, which only a false header higher up can cause.
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

  /** Takes in what has come and joins what is there. */
  #join(): void {
    for (;;) {
      const { tail, tailParent } = this.#segment;
      const arrived = this.#waiting.get(tail - 1);
      if (arrived === undefined) break;
      this.#waiting.delete(tail - 1);
      const { headers, peer } = arrived;
      const [first, last] = [headers[0], headers.at(-1)];
      if (first === undefined || last === undefined) break;
      if (!equalBytes(first.hash, tailParent)) {
        this.#strangers.add(peer);
        this.putBack({ top: tail - 1, count: headers.length });
        break;
      }
      // That what was downloaded joins the target makes it the target's fault, not the peer's.
      for (const header of headers) this.#options.chain.checkEligible(header);
      this.#segment = { ...this.#segment, tail: last.number, tailParent: last.parentHash };
      this.#unsaved.push(...headers);
      this.downloaded += headers.length;
    }
    void this.#save();
  }

  /** Writes what was joined, and looks whether that is all; one call at a time. */
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

  /** Whether the stored headers lead to our chain. If not, goes on with an older segment, or further down. */
  async #reachedFloor(): Promise<boolean> {
    const { chain } = this.#options;
    const { tail, tailParent } = this.#stored;
    const ours = await chain.hashAt(tail - 1);
    if (ours !== undefined && equalBytes(ours, tailParent)) return true;
    if (tail <= 1) {
      throw new SyncError(
        'other-chain',
        'the target belongs to a chain with another genesis block',
      );
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
    // Our chain parts from the target's further down.
    this.#floor = Math.max(1, tail - this.#reorgDepth);
    this.#reorgDepth *= 2;
    this.#next = tail - 1;
    return false;
  }

  /** The first block that we lack, or the first above an older segment, if all goes straight. */
  #firstFloor(): number {
    const { head } = this.#options.chain;
    const floor = Math.max(head.number, this.#older?.top ?? 0) + 1;
    return Math.max(1, Math.min(floor, this.#segment.tail));
  }

  #report(): void {
    const { top, tail } = this.#stored;
    const end = Math.max(this.#options.chain.head.number, 0);
    const total = Math.max(1, top - end);
    // The last one is reported when it is known to join our chain.
    this.#options.report('headers', Math.min(top - tail + 1, total - 1), total);
  }
}

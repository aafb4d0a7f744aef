import type { Clock, Timer } from '@devp2p/clock';
import type { RandomSource } from '@devp2p/random';
import { blobType } from '../../types/decode-transaction.ts';
import type { TransactionAnnouncement } from '../../wire/messages.ts';
import { type Announcement, type Request, Source, type Wanted } from './fetch-source.ts';
import { hashKey } from './hash-key.ts';

/** Figures of go-ethereum (`eth/fetcher/tx_fetcher.go`), times in ms and lengths in bytes. */
const maxAnnounced = 4096;
const maxRequested = 256;
const maxRequestedBytes = 128 * 1024;
const arriveTimeout = 500;
const collation = 100;
const fetchTimeout = 5000;
/** Difference to the announced size that is tolerated. */
const sizeTolerance = 8;

/** A transaction that has arrived. */
export interface Arrival {
  readonly key: string;
  readonly type: number;
  /** Length of the network form in bytes. */
  readonly size: number;
  /** Whether it has a sidecar that the pool has not verified, so that the size may be another one. @default false */
  readonly isUnverified?: boolean | undefined;
}

/** Collaborators of a {@link TransactionFetcher}. Its callbacks return at once. */
export interface TransactionFetcherOptions<Peer> {
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  /** Chooses which idle peer is asked first. */
  readonly random: Pick<RandomSource, 'below'>;
  /** Whether a transaction is to be fetched. */
  readonly wants: (hash: Uint8Array, type: number, key: string) => boolean;
  /** Requests transactions from a peer, which has no other request. `answered` and `finished` follow, or `removePeer`. */
  readonly request: (peer: Peer, keys: readonly string[]) => void;
  /** Called when an announcement of a peer turns out to be false. */
  readonly onFalse: (peer: Peer, problem: string) => void;
}

const none: never[] = [];

/** Transactions by their stage. */
export interface FetcherSize {
  readonly waiting: number;
  readonly queued: number;
  readonly fetching: number;
}

/**
 * Decides which announced transaction is requested from which peer, and when. A transaction waits for a moment, in which
 * it may arrive whole; then it is requested from one announcer after the other. A peer gets one request at a time. The
 * machine sends nothing: it is called with what happens, and calls its options.
 */
export class TransactionFetcher<Peer> {
  readonly #options: TransactionFetcherOptions<Peer>;
  readonly #sources = new Map<Peer, Source<Peer>>();
  readonly #wanted = new Map<string, Wanted<Peer>>();
  /** Transactions of the stage `waiting` in order of `due`, and others that have left it. */
  #waiting: Wanted<Peer>[] = [];
  #timer: Timer | undefined;

  constructor(options: TransactionFetcherOptions<Peer>) {
    this.#options = options;
  }

  /** Counts transactions by their stage. */
  size(): FetcherSize {
    const count = { waiting: 0, queued: 0, fetching: 0, arrived: 0, done: 0 };
    for (const { stage } of this.#wanted.values()) count[stage]++;
    return { waiting: count.waiting, queued: count.queued, fetching: count.fetching };
  }

  /** Number of transactions of a peer that are waiting, queued or in flight. */
  announcedBy(peer: Peer): number {
    return this.#sources.get(peer)?.size ?? 0;
  }

  /** Adds the transactions of an announcement, up to the limit of the peer. @returns number of those that were added */
  announced(peer: Peer, { hashes, types, sizes }: TransactionAnnouncement): number {
    const source = this.#sourceOf(peer);
    const due = this.#options.clock.monotonic() + arriveTimeout;
    const before = source.size;
    let hasUrgent = false;
    let hasQueued = false;
    for (let i = 0; i < hashes.length && source.size < maxAnnounced; i++) {
      const hash = hashes[i] as Uint8Array;
      const type = types[i] as number;
      const key = hashKey(hash);
      let wanted = this.#wanted.get(key);
      if (wanted !== undefined) {
        // The first announcement of a peer counts.
        if (source.has(wanted)) continue;
        hasQueued ||= wanted.stage === 'queued';
      } else {
        if (!this.#options.wants(hash, type, key)) continue;
        // Blob transactions are never sent whole.
        const stage = type === blobType ? 'queued' : 'waiting';
        wanted = { key, stage, due, request: undefined, announcements: none };
        this.#wanted.set(key, wanted);
        if (stage === 'waiting') this.#waiting.push(wanted);
        else hasUrgent = true;
      }
      source.add(wanted, type, sizes[i] as number);
    }
    if (hasUrgent) this.#queueDue();
    else this.#setTimer();
    if (hasUrgent || hasQueued) this.#schedule([source]);
    return source.size - before;
  }

  /** Takes transactions that have arrived off the list, before they are added to the pool. `settled` follows. */
  arrived(keys: Iterable<string>): void {
    for (const key of keys) {
      const wanted = this.#wanted.get(key);
      if (wanted === undefined) continue;
      wanted.stage = 'arrived';
      wanted.request = undefined;
    }
  }

  /**
   * Takes the transactions of a response off the list, and gives those that it lacks to other announcers. The peer does
   * not have those before the last delivered one, or none if it has delivered nothing; those after it may have been cut
   * off. `settled` follows, then `finished`.
   */
  answered(peer: Peer, keys: ReadonlySet<string>): void {
    this.arrived(keys);
    const source = this.#sources.get(peer);
    const request = source?.request;
    if (source === undefined || request === undefined) return;
    request.timer.cancel();
    const affected = new Set<Source<Peer>>();
    const lastDelivered = request.wanted.findLastIndex(({ key }) => keys.has(key));
    const cutoff = lastDelivered < 0 ? request.wanted.length : lastDelivered;
    for (const [i, wanted] of request.wanted.entries()) {
      if (wanted.request !== request) continue;
      if (i < cutoff) source.forget(wanted);
      this.#requeue(wanted, affected);
    }
    this.#schedule(affected);
  }

  /**
   * Ends the tracking of transactions that the pool has seen.
   *
   * @param invalid keys of those that the peer has delivered wrongly, which are fetched from others
   */
  settled(peer: Peer, arrivals: readonly Arrival[], invalid: ReadonlySet<string>): void {
    for (const arrival of arrivals) {
      const wanted = this.#wanted.get(arrival.key);
      if (wanted?.stage === 'arrived' && !invalid.has(arrival.key)) this.#judge(wanted, arrival, peer);
    }
    this.#refetch(peer, invalid);
  }

  /**
   * Ends the request of a peer, which may get the next one.
   *
   * @param keys of its response; those that have not been settled are fetched from others
   */
  finished(peer: Peer, keys: Iterable<string>): void {
    this.#refetch(peer, keys);
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    source.request = undefined;
    this.#schedule([source]);
  }

  /** Removes a peer that has disconnected. Its transactions are requested from others. */
  removePeer(peer: Peer): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    this.#sources.delete(peer);
    source.isConnected = false;
    source.request?.timer.cancel();
    source.request = undefined;
    const affected = new Set<Source<Peer>>();
    for (const announcement of [...source.announcements()]) {
      const { wanted } = announcement;
      source.remove(announcement);
      if (wanted.request?.source === source) this.#requeue(wanted, affected);
      else if (wanted.announcements.length === 0 && wanted.stage !== 'arrived') this.#end(wanted);
    }
    this.#schedule(affected);
  }

  /** Removes all transactions and peers. */
  clear(): void {
    this.#timer?.cancel();
    for (const source of this.#sources.values()) {
      source.isConnected = false;
      source.request?.timer.cancel();
    }
    for (const wanted of this.#wanted.values()) wanted.stage = 'done';
    this.#sources.clear();
    this.#wanted.clear();
    this.#waiting = [];
  }

  #sourceOf(peer: Peer): Source<Peer> {
    const known = this.#sources.get(peer);
    if (known !== undefined) return known;
    const source = new Source(peer);
    this.#sources.set(peer, source);
    return source;
  }

  /** Sets the timer for the first transaction that waits. */
  #setTimer(): void {
    if (this.#timer !== undefined) return;
    this.#dropFromFront();
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#queueDue();
    }, first.due - clock.monotonic());
  }

  /** Removes transactions that do not wait any more from the front of the list. */
  #dropFromFront(): void {
    const end = this.#waiting.findIndex(({ stage }) => stage === 'waiting');
    if (end !== 0) this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  /** Queues transactions whose time has come, and those for which it comes within the time of collation. */
  #queueDue(): void {
    const until = this.#options.clock.monotonic() + collation;
    const active = new Set<Source<Peer>>();
    let count = 0;
    for (const wanted of this.#waiting) {
      if (wanted.stage === 'waiting') {
        if (wanted.due >= until) break;
        wanted.stage = 'queued';
        for (const { source } of wanted.announcements) active.add(source);
      }
      count++;
    }
    this.#waiting.splice(0, count);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#setTimer();
    this.#schedule(active);
  }

  /** Requests queued transactions from those of the peers that are idle, beginning with a random one. */
  #schedule(sources: Iterable<Source<Peer>>): void {
    const idle = [...sources].filter(({ isConnected, request }) => isConnected && request === undefined);
    const first = idle.length > 1 ? this.#options.random.below(idle.length) : 0;
    for (let i = 0; i < idle.length; i++) this.#request(idle[(first + i) % idle.length] as Source<Peer>);
  }

  #request(source: Source<Peer>): void {
    const { clock, request: send } = this.#options;
    const wanted: Wanted<Peer>[] = [];
    let bytes = 0;
    for (const announcement of source.announcements()) {
      if (announcement.wanted.stage !== 'queued') continue;
      wanted.push(announcement.wanted);
      bytes += announcement.size;
      if (wanted.length >= maxRequested || bytes >= maxRequestedBytes) break;
    }
    if (wanted.length === 0) return;
    const timer = clock.setTimeout(() => this.#timedOut(request), fetchTimeout);
    const request: Request<Peer> = { source, wanted, timer };
    for (const each of wanted) {
      each.stage = 'fetching';
      each.request = request;
    }
    source.request = request;
    send(
      source.peer,
      wanted.map(({ key }) => key),
    );
  }

  /** Gives the transactions of a late request to other announcers. */
  #timedOut(request: Request<Peer>): void {
    const affected = new Set<Source<Peer>>();
    for (const wanted of request.wanted) {
      if (wanted.request !== request) continue;
      request.source.forget(wanted);
      this.#requeue(wanted, affected);
    }
    this.#schedule(affected);
  }

  /** Queues transactions that a peer has not delivered properly for other announcers. */
  #refetch(peer: Peer, keys: Iterable<string>): void {
    const affected = new Set<Source<Peer>>();
    for (const key of keys) {
      const wanted = this.#wanted.get(key);
      if (wanted?.stage !== 'arrived') continue;
      this.#sources.get(peer)?.forget(wanted);
      this.#requeue(wanted, affected);
    }
    this.#schedule(affected);
  }

  /** Queues a transaction again, or ends its tracking if no announcer is left. */
  #requeue(wanted: Wanted<Peer>, affected: Set<Source<Peer>>): void {
    wanted.request = undefined;
    if (wanted.announcements.length === 0) {
      this.#end(wanted);
      return;
    }
    wanted.stage = 'queued';
    for (const { source } of wanted.announcements) affected.add(source);
  }

  /**
   * Compares a transaction with all of its announcements, and ends its tracking. Of an unverified size only the peer that
   * has delivered it is judged: the hash does not cover the sidecar.
   */
  #judge(wanted: Wanted<Peer>, { type, size, isUnverified = false }: Arrival, deliverer: Peer): void {
    const liars: [Announcement<Peer>, string][] = [];
    for (const announcement of wanted.announcements) {
      const isSizeKnown = !isUnverified || announcement.source.peer === deliverer;
      if (announcement.type !== type) {
        liars.push([announcement, `announced with type ${announcement.type}, it is of type ${type}`]);
      } else if (isSizeKnown && Math.abs(announcement.size - size) > sizeTolerance) {
        liars.push([announcement, `announced with ${announcement.size} bytes, it has ${size}`]);
      }
    }
    this.#end(wanted);
    for (const [{ source }, problem] of liars) this.#options.onFalse(source.peer, problem);
  }

  #end(wanted: Wanted<Peer>): void {
    wanted.stage = 'done';
    wanted.request = undefined;
    this.#wanted.delete(wanted.key);
    for (const announcement of [...wanted.announcements]) announcement.source.remove(announcement);
  }
}

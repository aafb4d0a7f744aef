import type { Timer } from '@devp2p/clock';

/** A transaction that peers have announced and that has not arrived, or is being added to the pool. */
export interface Wanted<Peer> {
  readonly key: string;
  /**
   * - `waiting`: it may arrive whole;
   * - `queued`: it is requested from the next announcer that is idle;
   * - `fetching`: it is requested from one announcer;
   * - `arrived`: it is being added to the pool;
   * - `done`: it is not tracked any more.
   */
  stage: 'waiting' | 'queued' | 'fetching' | 'arrived' | 'done';
  /** Monotonic time at which it is queued, in the stage `waiting`. */
  due: number;
  /** The request that it is part of, in the stage `fetching`. */
  request: Request<Peer> | undefined;
  /** Active announcements, at most one of each peer. */
  announcements: Announcement<Peer>[];
}

/** The first announcement of a transaction by a peer. */
export interface Announcement<Peer> {
  readonly wanted: Wanted<Peer>;
  readonly source: Source<Peer>;
  readonly type: number;
  readonly size: number;
  isActive: boolean;
}

/** A request for transactions, in the order in which they were requested. */
export interface Request<Peer> {
  readonly source: Source<Peer>;
  readonly wanted: readonly Wanted<Peer>[];
  readonly timer: Timer;
}

/** A peer that announces transactions. */
export class Source<Peer> {
  readonly peer: Peer;
  /** The unanswered request, also after its timeout. While there is one, the peer gets no other. */
  request: Request<Peer> | undefined;
  isConnected = true;
  /** In order of arrival. Inactive ones are removed now and then. */
  #announcements: Announcement<Peer>[] = [];
  #active = 0;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  /** Number of transactions that are waiting, queued or in flight. */
  get size(): number {
    return this.#active;
  }

  /** Whether it has announced a transaction. */
  has(wanted: Wanted<Peer>): boolean {
    return wanted.announcements.some(({ source }) => source === this);
  }

  add(wanted: Wanted<Peer>, type: number, size: number): void {
    const announcement = { wanted, source: this, type, size, isActive: true };
    // A literal has room for one element, which is enough for most; `push` makes room for 17.
    if (wanted.announcements.length === 0) wanted.announcements = [announcement];
    else wanted.announcements.push(announcement);
    this.#announcements.push(announcement);
    this.#active++;
  }

  remove(announcement: Announcement<Peer>): void {
    if (!announcement.isActive) return;
    announcement.isActive = false;
    this.#active--;
    const { announcements } = announcement.wanted;
    announcements.splice(announcements.indexOf(announcement), 1);
    if (this.#announcements.length > 2 * this.#active + 64) {
      this.#announcements = this.#announcements.filter(({ isActive }) => isActive);
    }
  }

  /** Removes its announcement of a transaction. */
  forget(wanted: Wanted<Peer>): void {
    const announcement = wanted.announcements.find(({ source }) => source === this);
    if (announcement !== undefined) this.remove(announcement);
  }

  /** The active announcements in order of arrival. */
  *announcements(): Generator<Announcement<Peer>, void, undefined> {
    for (const announcement of this.#announcements) if (announcement.isActive) yield announcement;
  }
}

import type { Clock, Timer } from '@devp2p/clock';
import { EthError, type EthPeer } from '@devp2p/eth';
import { Pace, type PaceLimits } from './pace.ts';
import type { SyncPeer, SyncPeers } from './peers.ts';

/** Work that can be cut into pieces for several peers. */
export interface Work<Task> {
  /** The next piece, of no more than `limit` items; `undefined` when there is none for this peer now. */
  take(limit: number, peer: EthPeer): Task | undefined;
  /**
   * Asks the peer for the piece. What it did not deliver has to be put back.
   *
   * @returns how many items it delivered.
   */
  run(peer: EthPeer, task: Task, signal: AbortSignal): Promise<number>;
  /** A piece was not done at all. */
  putBack(task: Task): void;
}

/** What a {@link Lane} is made of. */
export interface LaneOptions<Task> {
  readonly work: Work<Task>;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  readonly limits: PaceLimits;
  /** A failure that no other peer can mend. */
  readonly onError: (error: unknown) => void;
}

/** Keeps peers busy with work of one kind: the faster one is, the more it gets; what one fails at goes to another. */
export class Lane<Task> {
  readonly #options: LaneOptions<Task>;
  readonly #paces = new WeakMap<SyncPeer, Pace>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(options: LaneOptions<Task>) {
    this.#options = options;
    this.#unsubscribe = options.peers.onChange(() => this.pump());
  }

  /** Hands out what can be handed out. To be called when there is new work. */
  pump(): void {
    if (this.#stop.signal.aborted) return;
    const { peers, work } = this.#options;
    const byRate = peers
      .list()
      .map((peer) => ({ peer, pace: this.#paceOf(peer) }))
      .sort((a, b) => b.pace.rate - a.pace.rate);
    let nextTry = Number.POSITIVE_INFINITY;
    for (const { peer, pace } of byRate) {
      while (pace.ready) {
        const task = work.take(pace.limit, peer.eth);
        if (task === undefined) break;
        void this.#give(peer, pace, task);
      }
      if (pace.pause > 0) nextTry = Math.min(nextTry, pace.pause);
    }
    this.#pumpIn(nextTry);
  }

  /** Gives up what is under way. */
  close(): void {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#stop.abort();
  }

  async #give(peer: SyncPeer, pace: Pace, task: Task): Promise<void> {
    const { work, clock, onError } = this.#options;
    const started = clock.monotonic();
    pace.inFlight += 1;
    try {
      const items = await work.run(peer.eth, task, this.#stop.signal);
      if (items > 0) {
        pace.delivered(items, clock.monotonic() - started);
        peer.delivered(items);
      } else {
        pace.failed();
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      work.putBack(task);
      pace.failed();
      if (!(error instanceof EthError)) onError(error);
    } finally {
      pace.inFlight -= 1;
    }
    this.pump();
  }

  #paceOf(peer: SyncPeer): Pace {
    let pace = this.#paces.get(peer);
    if (pace === undefined) {
      pace = new Pace(this.#options.clock, this.#options.limits);
      this.#paces.set(peer, pace);
    }
    return pace;
  }

  #pumpIn(time: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (time === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.clock.setTimeout(() => this.pump(), time);
  }
}

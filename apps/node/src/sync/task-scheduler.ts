import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from '@devp2p/clock';
import { EthError, type EthPeer } from '@devp2p/eth';
import type { SyncPeer, SyncPeers } from './peers.ts';
import { RequestRate, type RequestSize } from './request-rate.ts';

/** Work that is split into tasks for several peers. */
export interface TaskSource<Task> {
  /** The next task, of up to `limit` items; `undefined` without a task for this peer now. */
  take(limit: number, peer: EthPeer): Task | undefined;
  /**
   * Requests the items of a task from a peer, and puts back those that it did not deliver.
   *
   * @returns number of items that it delivered
   */
  run(peer: EthPeer, task: Task, signal: AbortSignal): Promise<number>;
  /** Returns a task without delivered items. */
  putBack(task: Task): void;
}

/** Settings and collaborators of a {@link TaskScheduler}. */
export interface TaskSchedulerOptions<Task> {
  readonly tasks: TaskSource<Task>;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  readonly requestSize: RequestSize;
  /** Called for a failure that does not depend on the peer. */
  readonly onError: (error: unknown) => void;
}

/** Distributes tasks of one kind among peers: faster peers get more, and a failed task goes to another peer. */
export class TaskScheduler<Task> {
  readonly #options: TaskSchedulerOptions<Task>;
  readonly #rates = new WeakMap<SyncPeer, RequestRate>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(options: TaskSchedulerOptions<Task>) {
    this.#options = options;
    // One listener for each request.
    setMaxListeners(0, this.#stop.signal);
    this.#unsubscribe = options.peers.onChange(() => this.run());
  }

  /** Assigns tasks to all peers that are ready. To be called when there are new tasks. */
  run(): void {
    if (this.#stop.signal.aborted) return;
    const { peers, tasks } = this.#options;
    const fastestFirst = peers
      .list()
      .map((peer) => ({ peer, rate: this.#rateOf(peer) }))
      .sort((a, b) => b.rate.itemsPerMs - a.rate.itemsPerMs);
    let nextRun = Number.POSITIVE_INFINITY;
    for (const { peer, rate } of fastestFirst) {
      while (rate.isReady) {
        const task = tasks.take(rate.size, peer.eth);
        if (task === undefined) break;
        void this.#assign(peer, rate, task);
      }
      if (rate.pause > 0) nextRun = Math.min(nextRun, rate.pause);
    }
    this.#runAfter(nextRun);
  }

  /** Cancels all requests. */
  close(): void {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#stop.abort();
  }

  async #assign(peer: SyncPeer, rate: RequestRate, task: Task): Promise<void> {
    const { tasks, clock, onError } = this.#options;
    const started = clock.monotonic();
    rate.inFlight += 1;
    try {
      const items = await tasks.run(peer.eth, task, this.#stop.signal);
      if (items > 0) {
        rate.onDelivered(items, clock.monotonic() - started);
        peer.delivered(items);
      } else {
        rate.onFailed();
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      tasks.putBack(task);
      rate.onFailed();
      if (!(error instanceof EthError)) onError(error);
    } finally {
      rate.inFlight -= 1;
    }
    this.run();
  }

  #rateOf(peer: SyncPeer): RequestRate {
    let rate = this.#rates.get(peer);
    if (rate === undefined) {
      rate = new RequestRate(this.#options.clock, this.#options.requestSize);
      this.#rates.set(peer, rate);
    }
    return rate;
  }

  #runAfter(time: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (time === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.clock.setTimeout(() => this.run(), time);
  }
}

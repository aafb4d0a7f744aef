import { lookup } from 'node:dns/promises';
import { inspectable } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import { sleep } from '@devp2p/clock';
import { createDnsClient, parseTreeUrl } from '@devp2p/dnsdisc';
import { createRandomSource, type RandomSource } from '@devp2p/random';
import { parseUserNode } from '../discovery/user-node.ts';
import type { NodeRecord } from '../model/node-record.ts';
import type { CrawlSession } from '../store/store.ts';
import { openVisitContext, type VisitContext } from '../visit/context.ts';
import { type ResolvedVisitSettings, withDefaults } from '../visit/options.ts';
import { visit } from '../visit/visit.ts';
import { Frontier } from './frontier.ts';
import { IdentityLimits } from './identity-limits.ts';
import { Notifier } from './notifier.ts';
import { type CrawlerOptions, checkCrawlerOptions, checkRunOptions, type RunOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { Seeds, type SeedsOptions } from './seeds.ts';

/** Crawls a network. */
export interface Crawler extends AsyncDisposable {
  /** Progress up to this moment. */
  readonly progress: Progress;
  /**
   * Crawls: with `once` until no node is left to visit, otherwise until the signal aborts or `close()` is called. The
   * crawler is closed when the promise settles. May be called once.
   *
   * @throws errors of the store
   */
  run(options?: RunOptions): Promise<Progress>;
  /** Aborts visits in progress; the results of completed ones are in the store. Idempotent. */
  close(): Promise<void>;
}

/** Milliseconds after which the schedule is checked even without a notification. */
const maxPause = 3_600_000;

/**
 * Creates a crawler: reads the known nodes from the store and binds a UDP port.
 *
 * @throws CrawlerError `invalid-option`; EnodeError, EnrError, DnsdiscError for an invalid boot node or list;
 *   Discv4Error `listen-failed`; errors of the store
 */
export async function createCrawler(options: CrawlerOptions): Promise<Crawler> {
  checkCrawlerOptions(options);
  const settings = withDefaults(options);
  const { crypto, clock, random } = settings;
  const { dnsPerSecond: requestsPerSecond = 10, resolveTxt, dnsLists = [] } = options;
  const dns = createDnsClient({ crypto, clock, random, requestsPerSecond, resolveTxt });
  for (const url of dnsLists) parseTreeUrl(url, { crypto });
  const bootnodes = (options.bootnodes ?? []).map((text) => parseUserNode(text, crypto));
  const limits = new IdentityLimits(options);
  const frontier = await Frontier.open({ store: options.store, clock, limits });
  const context = await openVisitContext(options);
  const seeds = {
    bootnodes,
    dnsLists,
    dns,
    clock,
    resolveHost: options.resolveHost ?? (async (host: string) => (await lookup(host)).address),
    once: options.once ?? false,
    onWarning: options.onWarning ?? (() => undefined),
  };
  const crawl = new Crawl({ options, settings, frontier, context, seeds });
  return inspectable('Crawler', crawl, ({ state, progress }) => ({ state, progress }));
}

/** Collaborators of a crawl. */
interface CrawlParts {
  readonly options: CrawlerOptions;
  readonly settings: ResolvedVisitSettings;
  readonly frontier: Frontier;
  readonly context: VisitContext;
  readonly seeds: Omit<SeedsOptions, 'signal' | 'onNode' | 'onEnd'>;
}

class Crawl implements Crawler {
  readonly #options: CrawlerOptions;
  readonly #settings: ResolvedVisitSettings;
  readonly #frontier: Frontier;
  readonly #context: VisitContext;
  readonly #seeds: Seeds;
  readonly #random: RandomSource;
  readonly #schedule: Schedule;
  readonly #startedAt: number;
  /** Start by the monotonic clock. */
  readonly #startTime: number;
  /** Aborts when the crawl is to end. */
  readonly #stop = new AbortController();
  /** Each visit has its own signal: removing thousands of listeners from one signal would be slow. */
  readonly #visits = new Map<AbortController, Promise<void>>();
  /** Notified when a node may be due, a visit slot is free, or the crawl may end. */
  readonly #notifier = new Notifier();
  #isRunning = false;
  #completedVisits = 0;
  /** Time of the next rollup by the monotonic clock. */
  #nextRollup = 0;
  #failure: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor({ options, settings, frontier, context, seeds }: CrawlParts) {
    this.#options = options;
    this.#settings = settings;
    this.#frontier = frontier;
    this.#context = context;
    const { clock, random } = settings;
    this.#random = createRandomSource(random);
    this.#schedule = createSchedule(options, () => this.#random.fraction());
    this.#startedAt = clock.now();
    this.#startTime = clock.monotonic();
    this.#seeds = new Seeds({
      ...seeds,
      signal: this.#stop.signal,
      onNode: (node, origin) => frontier.report([node], origin),
      onEnd: (error) => {
        if (error !== undefined) this.#fail(error);
        this.#notifier.notify();
      },
    });
    frontier.onChange = () => this.#notifier.notify();
    frontier.onFailure = (error) => this.#fail(error);
  }

  get state(): 'ready' | 'running' | 'closed' {
    if (this.#closed) return 'closed';
    return this.#isRunning ? 'running' : 'ready';
  }

  get progress(): Progress {
    const { unvisited, funnel, refused } = this.#frontier;
    const { sent, received } = this.#context.discovery.stats;
    const { clock } = this.#settings;
    return {
      startedAt: this.#startedAt,
      elapsed: clock.monotonic() - this.#startTime,
      visits: this.#completedVisits,
      visiting: this.#visits.size,
      unvisited,
      rollup: funnel.rollup(clock.now()),
      refused,
      packets: { sent, received },
    };
  }

  async run(options: RunOptions = {}): Promise<Progress> {
    checkRunOptions(options);
    const { signal } = options;
    this.#isRunning = true;
    const stop = (): void => this.#end();
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.#startSeeds();
      await this.#visitDueNodes();
    } catch (error) {
      this.#fail(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      await this.close();
    }
    if (this.#failure) throw this.#failure.error;
    return this.progress;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#end();
    for (const visit of this.#visits.keys()) visit.abort();
    await Promise.all([...this.#visits.values(), this.#seeds.ended()]);
    try {
      this.#frontier.releaseSkipped();
      await this.#frontier.flush();
      await this.#frontier.save(this.#session(this.#settings.clock.now()));
    } catch (error) {
      this.#fail(error);
    }
    await this.#context.discovery.close();
  }

  /** Starts the seeds after a random delay, so that crawlers that start together do not send requests together. */
  async #startSeeds(): Promise<void> {
    const { startupJitter = 1_000 } = this.#options;
    const { signal } = this.#stop;
    try {
      await sleep(this.#settings.clock, this.#random.fraction() * startupJitter, { signal });
    } catch {
      return;
    }
    this.#seeds.start();
  }

  /** Starts visits of due nodes until the crawl ends. */
  async #visitDueNodes(): Promise<void> {
    const { once } = this.#options;
    const unvisitedSince = once ? this.#startedAt : undefined;
    while (!this.#stop.signal.aborted) {
      const { count } = this.#notifier;
      const free = this.#settings.maxVisits - this.#visits.size;
      const leased = free > 0 ? await this.#frontier.lease(free, unvisitedSince) : [];
      if (this.#stop.signal.aborted) return;
      for (const record of leased) this.#startVisit(record);
      if (leased.length > 0) continue;
      if (once && this.#notifier.count === count && this.#isComplete()) return;
      await this.#pause(count, free > 0);
    }
  }

  /** Whether nothing is in progress that could make a node due. */
  #isComplete(): boolean {
    const isIdle = this.#visits.size === 0 && this.#seeds.isDone;
    return isIdle && this.#frontier.isFlushed && this.#frontier.revisits.size === 0;
  }

  /** Waits for the next due time, or for more than `count` notifications. */
  async #pause(count: number, hasFreeSlot: boolean): Promise<void> {
    const { clock } = this.#settings;
    const due = hasFreeSlot ? await this.#frontier.nextDue() : Number.POSITIVE_INFINITY;
    const wait = Math.min(maxPause, Math.max(0, due - clock.now()));
    const timer = clock.setTimeout(() => this.#notifier.notify(), wait);
    await this.#notifier.waitAfter(count);
    timer.cancel();
  }

  #startVisit(record: NodeRecord): void {
    const controller = new AbortController();
    const done = this.#visit(record, controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) this.#fail(error);
        // The lease ends without a result, so that a later crawl visits the node.
        this.#frontier.postpone(record, record);
      })
      .then(() => {
        const wasFull = this.#visits.size >= this.#settings.maxVisits;
        this.#visits.delete(controller);
        if (wasFull || this.#visits.size === 0) this.#notifier.notify();
      });
    this.#visits.set(controller, done);
  }

  async #visit(record: NodeRecord, signal: AbortSignal): Promise<void> {
    const frontier = this.#frontier;
    if (this.#postponeDial(record)) return;
    const candidates = frontier.candidates(toHex(record.id));
    const result = await visit(record, this.#context, {
      signal,
      candidates,
      onNeighbors: (nodes, source) => frontier.report(nodes, 'gossip', source),
    });
    this.#completedVisits++;
    frontier.complete(record, result, {
      next: this.#schedule(result, record.failures),
      candidates,
      session: this.#isRollupDue() ? this.#session() : undefined,
    });
  }

  /** Postpones the visit of a node whose address was dialed recently. Gossiped endpoints may not be dialed at all. */
  #postponeDial(record: NodeRecord): boolean {
    if (record.trust === 'gossiped') return false;
    const delay = this.#context.cooldown.remaining(record.endpoint.ip);
    if (delay === 0) return false;
    this.#frontier.revisits.add(toHex(record.id));
    const dueAt = this.#settings.clock.now() + delay;
    this.#frontier.postpone(record, { ...record, dueAt });
    return true;
  }

  #isRollupDue(): boolean {
    const now = this.#settings.clock.monotonic();
    if (now < this.#nextRollup) return false;
    this.#nextRollup = now + (this.#options.rollupInterval ?? 60_000);
    return true;
  }

  #session(endedAt?: number): CrawlSession {
    const { visits, startedAt, rollup } = this.progress;
    return { startedAt, visits, rollup, ...(endedAt !== undefined && { endedAt }) };
  }

  #end(): void {
    this.#stop.abort();
    this.#notifier.notify();
  }

  /** Ends the crawl with an error; the first one is kept. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end();
  }
}

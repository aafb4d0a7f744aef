import { lookup } from 'node:dns/promises';
import { sleep } from '@devp2p/clock';
import { createDnsClient, type DnsClient, parseTreeUrl } from '@devp2p/dnsdisc';
import { toHex } from '@devp2p/enr';
import { parseUserNode, resolveUserNode, type UserNode } from '../discovery/bootnodes.ts';
import { readList } from '../discovery/dns.ts';
import { Neighbours } from '../discovery/neighbours.ts';
import type { NodeRecord } from '../model/node-record.ts';
import { shownAs } from '../model/shown.ts';
import type { CrawlSession, Rollup } from '../store/store.ts';
import { type OpenVisiting, openVisiting } from '../visit/open.ts';
import { type VisitDefaults, withDefaults } from '../visit/options.ts';
import { type Next, recordAfter, visitOf } from '../visit/outcome.ts';
import { type Visited, visit } from '../visit/visit.ts';
import { Bell } from './bell.ts';
import { Frontier } from './frontier.ts';
import { IdentityLimits } from './identity-limits.ts';
import { type CrawlerOptions, checkCrawlerOptions } from './options.ts';
import { type Outcome, schedule } from './schedule.ts';

/** How far a crawl has come. */
export interface Progress {
  /** ms since the epoch. */
  readonly startedAt: number;
  /** ms since then, by a clock that does not jump. */
  readonly elapsed: number;
  /** Visits that are over, in this session. */
  readonly visits: number;
  /** Visits that are under way. */
  readonly visiting: number;
  /** Nodes that have never been visited. */
  readonly unvisited: number;
  /** All nodes by how far they were got, those of earlier sessions included. */
  readonly rollup: Rollup;
  /** How often a named node was not taken in, by the limit. */
  readonly refused: Readonly<Record<string, number>>;
  /** Datagrams in this session. */
  readonly packets: { readonly sent: number; readonly received: number };
}

/** A crawler that is ready to run. */
export interface Crawler extends AsyncDisposable {
  /** How far it has come up to this moment. */
  readonly progress: Progress;
  /**
   * Crawls: with `once` until nobody is left to visit, else until the signal aborts or `close()` is called. It is closed
   * when this settles. May be called once.
   *
   * @throws what the store throws.
   */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<Progress>;
  /** Breaks off what is under way; what was found is in the store. Idempotent. */
  close(): Promise<void>;
}

/** Attempts to find the address of a boot node's name when the crawl is to end. */
const nameAttempts = 3;

/** ms after which the schedule is looked at even if nothing happens. */
const longestPause = 3_600_000;

/**
 * Makes a crawler: reads what is known from the store and binds a port.
 *
 * @throws CrawlerError `invalid-option` for a number that makes no sense; EnodeError, EnrError, DnsdiscError,
 * CrawlerError for what is no boot node or list; Discv4Error `listen-failed`; what the store throws.
 */
export async function createCrawler(options: CrawlerOptions): Promise<Crawler> {
  checkCrawlerOptions(options);
  const settings = withDefaults(options);
  const { crypto, clock, random } = settings;
  const { dnsPerSecond: requestsPerSecond = 10, resolveTxt } = options;
  const dns = createDnsClient({ crypto, clock, random, requestsPerSecond, resolveTxt });
  for (const url of options.dnsLists ?? []) parseTreeUrl(url, { crypto });
  const bootnodes = (options.bootnodes ?? []).map((text) => parseUserNode(text, crypto));
  const frontier = await Frontier.open({
    ...{ store: options.store, clock },
    limits: new IdentityLimits(options),
  });
  const visiting = await openVisiting(options);
  const crawl = new Crawl({ options, settings, dns, bootnodes, frontier, visiting });
  return shownAs('Crawler', crawl, ({ state, progress }) => ({ state, progress }));
}

interface Parts {
  readonly options: CrawlerOptions;
  readonly settings: VisitDefaults;
  readonly dns: DnsClient;
  readonly bootnodes: readonly UserNode[];
  readonly frontier: Frontier;
  readonly visiting: OpenVisiting;
}

class Crawl implements Crawler {
  readonly #parts: Parts;
  readonly #next: (outcome: Outcome) => Next;
  readonly #fraction: () => number;
  readonly #started: { readonly at: number; readonly monotonic: number };
  /** Aborts when the crawl is to end. */
  readonly #stop = new AbortController();
  /** Each visit has a signal of its own: thousands that listen to one would be slow to go away. */
  readonly #visits = new Map<AbortController, Promise<void>>();
  readonly #bell = new Bell();
  #isRunning = false;
  #finished = 0;
  #feeds: readonly Promise<void>[] = [];
  #feeding = 0;
  #nextRollup = 0;
  #failure: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { settings, options, frontier } = parts;
    const { clock, random } = settings;
    this.#fraction = () => new DataView(random(4).buffer).getUint32(0) / 2 ** 32;
    this.#next = schedule(options, this.#fraction);
    this.#started = { at: clock.now(), monotonic: clock.monotonic() };
    frontier.onNews = () => this.#bell.ring();
    frontier.onFailure = (error) => this.#fail(error);
  }

  /** Where it is in its life. */
  get state(): 'ready' | 'running' | 'closed' {
    if (this.#closed) return 'closed';
    return this.#isRunning ? 'running' : 'ready';
  }

  get progress(): Progress {
    const { frontier, visiting, settings } = this.#parts;
    const { sent, received } = visiting.discovery.stats;
    const { clock } = settings;
    return {
      startedAt: this.#started.at,
      elapsed: clock.monotonic() - this.#started.monotonic,
      visits: this.#finished,
      visiting: this.#visits.size,
      unvisited: frontier.unvisited,
      rollup: frontier.funnel.rollup(clock.now()),
      refused: frontier.refused,
      packets: { sent, received },
    };
  }

  async run({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Progress> {
    this.#isRunning = true;
    const stop = (): void => {
      this.#stop.abort();
      this.#bell.ring();
    };
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.#begin();
      await this.#crawl();
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
    const { frontier, visiting, settings } = this.#parts;
    this.#stop.abort();
    this.#bell.ring();
    for (const visit of this.#visits.keys()) visit.abort();
    await Promise.all([...this.#visits.values(), ...this.#feeds]);
    try {
      frontier.release();
      await frontier.settle();
      await frontier.save(this.#session(settings.clock.now()));
    } catch (error) {
      this.#fail(error);
    }
    await visiting.discovery.close();
  }

  /** Crawlers that start at the same moment do not all ask at once. */
  async #begin(): Promise<void> {
    const { startupJitter = 1_000 } = this.#parts.options;
    const { clock } = this.#parts.settings;
    const { signal } = this.#stop;
    try {
      await sleep(clock, this.#fraction() * startupJitter, { signal });
    } catch {
      return;
    }
    this.#feeds = [...this.#bootnodeFeeds(), ...this.#dnsFeeds()].map((feed) => this.#feed(feed));
  }

  async #crawl(): Promise<void> {
    const { frontier, options, settings } = this.#parts;
    const unvisitedSince = options.once ? this.#started.at : undefined;
    while (!this.#stop.signal.aborted) {
      const { count } = this.#bell;
      const free = settings.maxVisits - this.#visits.size;
      const leased = free > 0 ? await frontier.lease(free, unvisitedSince) : [];
      if (this.#stop.signal.aborted) return;
      for (const record of leased) this.#start(record);
      if (leased.length > 0) continue;
      if (options.once && this.#bell.count === count && this.#isDry()) return;
      await this.#pause(count, free > 0);
    }
  }

  #isDry(): boolean {
    const isIdle = this.#visits.size === 0 && this.#feeding === 0;
    return isIdle && this.#parts.frontier.isSettled && this.#parts.frontier.awaited.size === 0;
  }

  /** Waits for something to have happened since the bell had rung `count` times, or for somebody to be due. */
  async #pause(count: number, hasRoom: boolean): Promise<void> {
    const { clock } = this.#parts.settings;
    const due = hasRoom ? await this.#parts.frontier.nextDue() : Number.POSITIVE_INFINITY;
    const wait = Math.min(longestPause, Math.max(0, due - clock.now()));
    const timer = clock.setTimeout(() => this.#bell.ring(), wait);
    await this.#bell.after(count);
    timer.cancel();
  }

  #start(record: NodeRecord): void {
    const controller = new AbortController();
    const done = this.#visit(record, controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) this.#fail(error);
        // Somebody else may want to visit it.
        this.#parts.frontier.postpone(record, record);
      })
      .then(() => {
        const wasFull = this.#visits.size >= this.#parts.settings.maxVisits;
        this.#visits.delete(controller);
        if (wasFull || this.#visits.size === 0) this.#bell.ring();
      });
    this.#visits.set(controller, done);
  }

  async #visit(before: NodeRecord, signal: AbortSignal): Promise<void> {
    const { frontier, visiting, settings } = this.#parts;
    const { clock } = settings;
    const key = toHex(before.id);
    const at = clock.now();
    const early = before.trust === 'gossiped' ? 0 : visiting.gate.wait(before.endpoint.ip);
    if (early > 0) {
      frontier.awaited.add(key);
      frontier.postpone(before, { ...before, dueAt: at + early });
      return;
    }
    const hints = frontier.hints(key);
    let neighbours: Neighbours | undefined;
    const visited = await visit(before, visiting, {
      ...{ signal, hints },
      onNeighbours(nodes, ip) {
        const source = { ip, key };
        neighbours ??= new Neighbours(source, visiting.discovery.id);
        return frontier.hear(neighbours.take(nodes), 'gossip', source);
      },
    });
    if (visited.wait > 0) frontier.awaited.add(key);
    else frontier.awaited.delete(key);
    this.#finished++;
    const now = clock.now();
    const { ids = [], shareAddress = false } = neighbours ?? {};
    const record = recordAfter(before, visited, this.#nextVisit(before, visited), now);
    const { sharedAddress: _earlier, ...rest } = record;
    const after =
      ids.length === 0 ? record : { ...rest, ...(shareAddress && { sharedAddress: true }) };
    const session = this.#isRollupDue() ? this.#session() : undefined;
    frontier.end(before, after, {
      visit: visitOf(before.id, at, visited, ids.length),
      tried: visited.wait > 0 ? [] : hints,
      neighbours: ids,
      session,
    });
  }

  #nextVisit(before: NodeRecord, { findings, endpoint, wait }: Visited): Next {
    if (wait > 0) return { wait, failures: before.failures };
    const { status, hello } = findings;
    return this.#next({
      status,
      failures: before.failures,
      dialable: endpoint.tcp > 0,
      speaksEth: hello?.capabilities.some(({ name }) => name === 'eth'),
    });
  }

  #bootnodeFeeds(): (() => Promise<void>)[] {
    const { bootnodes, options, settings, frontier } = this.#parts;
    const resolveHost = options.resolveHost ?? (async (host) => (await lookup(host)).address);
    return bootnodes.map((node) => async () => {
      const named = await resolveUserNode(node, resolveHost, {
        clock: settings.clock,
        signal: this.#stop.signal,
        attempts: options.once ? nameAttempts : Number.POSITIVE_INFINITY,
        onFailure: (error) => options.onTrouble?.(`boot node ${node.host} has no address`, error),
      });
      if (named) frontier.hear([named], 'bootnode');
    });
  }

  #dnsFeeds(): (() => Promise<void>)[] {
    const { dns: client, options, settings, frontier } = this.#parts;
    const { dnsLists = [], once = false } = options;
    return dnsLists.map(
      (url) => () =>
        readList(url, {
          ...{ client, once },
          clock: settings.clock,
          signal: this.#stop.signal,
          onNode: (named) => frontier.hear([named], 'dns'),
        }),
    );
  }

  async #feed(feed: () => Promise<void>): Promise<void> {
    this.#feeding++;
    try {
      await feed();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#fail(error);
    }
    this.#feeding--;
    this.#bell.ring();
  }

  #isRollupDue(): boolean {
    const { options, settings } = this.#parts;
    const now = settings.clock.monotonic();
    if (now < this.#nextRollup) return false;
    this.#nextRollup = now + (options.rollupInterval ?? 60_000);
    return true;
  }

  #session(endedAt?: number): CrawlSession {
    const { visits, startedAt, rollup } = this.progress;
    return { startedAt, visits, rollup, ...(endedAt !== undefined && { endedAt }) };
  }

  /** Ends the crawl; the first reason counts. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort();
    this.#bell.ring();
  }
}

import type { Entry, Root } from './entry.ts';
import { Frontier } from './frontier.ts';
import type { Settings } from './options.ts';
import type { TreeUrl } from './tree-url.ts';

/** The two halves of a tree: what its root calls `l` and `e`. */
export type Half = 'links' | 'records';

/** What a tree wants looked up next. */
export type Task =
  | { readonly type: 'root' }
  | { readonly type: 'entry'; readonly half: Half; readonly hash: string };

type TreeSettings = Pick<
  Settings,
  'recheckInterval' | 'retryDelay' | 'maxRetryDelay' | 'maxEntries'
>;

/** After so many failures in a row the root is looked up again, as in go-ethereum: it may have changed. */
const FAILURES_BEFORE_RECHECK = 5;

/**
 * How far one list was read, and when to go on. It asks nobody itself: it names a task, and is told what came of it.
 * All times are monotonic, in ms.
 *
 * The links are read first, then the records in random order, again and again. An entry that fails is left out until
 * the next pass, and the list rests for a while. An old root is good until there is a newer one.
 */
export class Tree {
  readonly url: TreeUrl;
  /** How many links away from a list that was asked for. */
  depth: number;
  readonly #settings: TreeSettings;
  #pass: ({ readonly root: Root } & Record<Half, Frontier>) | undefined;
  #rootDue = Number.NEGATIVE_INFINITY;
  #rootFailures = 0;
  #restsUntil = 0;
  #failures = 0;
  /** The lists that this one links to, as far as the last complete pass knows. */
  #linked: ReadonlySet<string> = new Set();
  /** Those found in the pass that is under way. */
  #found = new Set<string>();

  constructor(url: TreeUrl, depth: number, settings: TreeSettings) {
    this.url = url;
    this.depth = depth;
    this.#settings = settings;
  }

  /** When there is something to do. */
  get readyAt(): number {
    return this.#pass && !this.#barren ? Math.min(this.#rootDue, this.#restsUntil) : this.#rootDue;
  }

  /** Whether all links were read since the root was looked up. */
  get linksRead(): boolean {
    return this.#pass?.links.done ?? false;
  }

  /** The URLs of the lists that this one links to. */
  get linked(): ReadonlySet<string> {
    return new Set([...this.#linked, ...this.#found]);
  }

  /** What to do at `now`, which is not before {@link readyAt}. `pick` chooses an index below its argument. */
  next(now: number, pick: (length: number) => number): Task {
    const pass = this.#pass;
    if (!pass || now >= this.#rootDue) return { type: 'root' };
    if (pass.links.done && pass.records.done) pass.records = this.#frontier(pass.root.enrRoot);
    const half = pass.links.done ? 'records' : 'links';
    return { type: 'entry', half, hash: pass[half].take(pick) };
  }

  /** @returns whether the root is another than before. */
  rootFound(root: Root, now: number): boolean {
    const before = this.#pass;
    const goOn = before?.root.enrRoot === root.enrRoot && !this.#barren;
    this.#pass = {
      root,
      // Cheap, since few and cached; catches up on what failed or was over a limit.
      links: this.#frontier(root.linkRoot),
      records: before && goOn ? before.records : this.#frontier(root.enrRoot),
    };
    this.#found = new Set();
    this.#rootDue = now + this.#settings.recheckInterval;
    this.#rootFailures = 0;
    return before?.root.seq !== root.seq || before.root.enrRoot !== root.enrRoot;
  }

  /** @returns how long until the next try. */
  rootFailed(now: number): number {
    const delay = this.#delay(++this.#rootFailures);
    this.#rootDue = now + delay;
    return delay;
  }

  /** Notes that the list has a link that is followed. */
  link(url: string): void {
    this.#found.add(url);
  }

  /** @returns false when the limit left some children out. */
  entryFound(half: Half, entry: Entry, { cached }: { cached: boolean }): boolean {
    const frontier = this.#pass?.[half];
    if (!frontier) return true;
    const fits = entry.type !== 'branch' || frontier.add(entry.children);
    if (entry.type !== 'branch') {
      frontier.leaves++;
      // What is in the cache says nothing about the resolver, and a branch nothing about what is below it.
      if (!cached) this.#failures = 0;
    }
    this.#settle(half);
    return fits;
  }

  /** @returns how long the list rests. */
  entryFailed(half: Half, now: number): number {
    const delay = this.#delay(++this.#failures);
    this.#restsUntil = now + delay;
    if (this.#failures % FAILURES_BEFORE_RECHECK === 0) this.#recheckSoon();
    if (this.#pass) this.#pass[half].failures++;
    this.#settle(half);
    return delay;
  }

  /** No record in the whole pass: there is nothing to do until the next look at the root. */
  get #barren(): boolean {
    const { links, records } = this.#pass ?? {};
    return links?.done === true && records?.done === true && records.leaves === 0;
  }

  #settle(half: Half): void {
    const pass = this.#pass;
    if (half === 'links' && pass?.links.done) {
      this.#linked = pass.links.failures === 0 ? this.#found : this.linked;
      this.#found = new Set();
    }
    if (this.#barren && pass && pass.records.failures > 0) this.#recheckSoon();
  }

  #recheckSoon(): void {
    this.#rootDue = Math.min(this.#rootDue, this.#restsUntil);
  }

  #delay(failures: number): number {
    const { retryDelay, maxRetryDelay } = this.#settings;
    return Math.min(retryDelay * 2 ** (failures - 1), maxRetryDelay);
  }

  #frontier(root: string): Frontier {
    return new Frontier(root, this.#settings.maxEntries);
  }
}

import type { RandomSource } from '@devp2p/random';
import type { Entry, Root } from '../tree/entry.ts';
import type { TreeUrl } from '../tree/tree-url.ts';
import { Frontier } from './frontier.ts';
import type { Settings } from './options.ts';

/** Halves of a tree: `l` and `e` in its root. */
export type Half = 'links' | 'records';

/** Next lookup of a tree. */
export type Task = { readonly type: 'root' } | { readonly type: 'entry'; readonly half: Half; readonly hash: string };

type TreeSettings = Pick<Settings, 'recheckInterval' | 'retryDelay' | 'maxRetryDelay' | 'maxEntries'>;

/** Failures in a row after which the root is looked up again, because it may have changed; as go-ethereum. */
const failuresBeforeRecheck = 5;

/**
 * State of reading one list, without I/O: returns the next task, and records its result. All times are monotonic, in
 * milliseconds.
 *
 * It reads the links first, then the records in random order, pass after pass. A failed entry is skipped until the next
 * pass, and the list pauses for a while. A root is used until there is a newer one.
 */
export class TreeReader {
  readonly url: TreeUrl;
  /** Number of links from a given list. */
  depth: number;
  readonly #settings: TreeSettings;
  #pass: ({ readonly root: Root } & Record<Half, Frontier>) | undefined;
  #rootDue = Number.NEGATIVE_INFINITY;
  #rootFailures = 0;
  #pausedUntil = 0;
  #failures = 0;
  /** Linked lists that the last complete pass found. */
  #linked: ReadonlySet<string> = new Set();
  /** Linked lists that the current pass found. */
  #found = new Set<string>();

  constructor(url: TreeUrl, depth: number, settings: TreeSettings) {
    this.url = url;
    this.depth = depth;
    this.#settings = settings;
  }

  /** Time of the next task. */
  get readyAt(): number {
    return this.#pass && !this.#isEmpty ? Math.min(this.#rootDue, this.#pausedUntil) : this.#rootDue;
  }

  /** Whether all links are read since the last lookup of the root. */
  get linksRead(): boolean {
    return this.#pass?.links.done ?? false;
  }

  /** URLs of the linked lists. */
  get linked(): ReadonlySet<string> {
    return new Set([...this.#linked, ...this.#found]);
  }

  /**
   * Returns the next task.
   *
   * @param now not before {@link readyAt}
   * @param random selects the entry
   */
  next(now: number, random: RandomSource): Task {
    const pass = this.#pass;
    if (!pass || now >= this.#rootDue) return { type: 'root' };
    if (pass.links.done && pass.records.done) pass.records = this.#frontier(pass.root.enrRoot);
    const half = pass.links.done ? 'records' : 'links';
    return { type: 'entry', half, hash: pass[half].take(random) };
  }

  /** Records the result of a root lookup. @returns whether the root has changed */
  rootFound(root: Root, now: number): boolean {
    const before = this.#pass;
    const isSame = before?.root.enrRoot === root.enrRoot && !this.#isEmpty;
    this.#pass = {
      root,
      // Links are few and cached, so they are read again, which includes entries that failed or exceeded a limit.
      links: this.#frontier(root.linkRoot),
      records: before && isSame ? before.records : this.#frontier(root.enrRoot),
    };
    this.#found = new Set();
    this.#rootDue = now + this.#settings.recheckInterval;
    this.#rootFailures = 0;
    return before?.root.seq !== root.seq || before.root.enrRoot !== root.enrRoot;
  }

  /** Records a failed root lookup. @returns the delay until the next one */
  rootFailed(now: number): number {
    const delay = this.#delay(++this.#rootFailures);
    this.#rootDue = now + delay;
    return delay;
  }

  /** Records a link to another list. */
  link(url: string): void {
    this.#found.add(url);
  }

  /** Records the result of an entry lookup. @returns false if the limit left out some children */
  entryFound(half: Half, entry: Entry, { cached }: { cached: boolean }): boolean {
    const frontier = this.#pass?.[half];
    if (!frontier) return true;
    const fits = entry.type !== 'branch' || frontier.add(entry.children);
    if (entry.type !== 'branch') {
      frontier.leaves++;
      // A cached entry does not show that the resolver works, and a branch does not show that its children exist.
      if (!cached) this.#failures = 0;
    }
    this.#settle(half);
    return fits;
  }

  /** Records a failed entry lookup. @returns the pause of the list */
  entryFailed(half: Half, now: number): number {
    const delay = this.#delay(++this.#failures);
    this.#pausedUntil = now + delay;
    if (this.#failures % failuresBeforeRecheck === 0) this.#recheckSoon();
    if (this.#pass) this.#pass[half].failures++;
    this.#settle(half);
    return delay;
  }

  /** Whether the pass found no record, so that there is no task until the next lookup of the root. */
  get #isEmpty(): boolean {
    const { links, records } = this.#pass ?? {};
    return links?.done === true && records?.done === true && records.leaves === 0;
  }

  #settle(half: Half): void {
    const pass = this.#pass;
    if (half === 'links' && pass?.links.done) {
      this.#linked = pass.links.failures === 0 ? this.#found : this.linked;
      this.#found = new Set();
    }
    if (this.#isEmpty && pass && pass.records.failures > 0) this.#recheckSoon();
  }

  #recheckSoon(): void {
    this.#rootDue = Math.min(this.#rootDue, this.#pausedUntil);
  }

  #delay(failures: number): number {
    const { retryDelay, maxRetryDelay } = this.#settings;
    return Math.min(retryDelay * 2 ** (failures - 1), maxRetryDelay);
  }

  #frontier(root: string): Frontier {
    return new Frontier(root, this.#settings.maxEntries);
  }
}

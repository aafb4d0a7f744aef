import { sleep } from '@devp2p/clock';
import type { Enr } from '@devp2p/enr';
import { publish } from './diagnostics.ts';
import { DnsdiscError, type DnsdiscErrorCode } from './error.ts';
import type { Lookup } from './lookup.ts';
import type { Settings } from './options.ts';
import { type Task, Tree } from './tree.ts';
import { type TreeUrl, writeTreeUrl } from './tree-url.ts';

/** Reads several lists and those that they link to, an entry at a time from whichever chance picks. */
export class RandomNodes {
  readonly #settings: Settings;
  readonly #lookup: Lookup;
  readonly #count: (code: DnsdiscErrorCode) => void;
  /** By their URLs in canonical form. */
  readonly #trees = new Map<string, Tree>();
  readonly #asked: ReadonlySet<string>;

  constructor(
    urls: readonly TreeUrl[],
    settings: Settings,
    lookup: Lookup,
    count: (code: DnsdiscErrorCode) => void,
  ) {
    this.#settings = settings;
    this.#lookup = lookup;
    this.#count = count;
    for (const url of urls) this.#trees.set(this.#id(url), new Tree(url, 0, settings));
    this.#asked = new Set(this.#trees.keys());
  }

  async *nodes(signal: AbortSignal | undefined): AsyncGenerator<Enr, void, undefined> {
    const { clock } = this.#settings;
    while (this.#trees.size > 0) {
      signal?.throwIfAborted();
      const now = clock.monotonic();
      const ready = [...this.#trees].filter(([, tree]) => tree.readyAt <= now);
      const chosen = ready[ready.length > 0 ? this.#pick(ready.length) : 0];
      if (chosen) {
        const enr = await this.#step(...chosen, signal);
        if (enr) yield enr;
      } else {
        const next = Math.min(...[...this.#trees.values()].map(({ readyAt }) => readyAt));
        await sleep(clock, next - now, { signal });
      }
    }
  }

  async #step(id: string, tree: Tree, signal: AbortSignal | undefined): Promise<Enr | undefined> {
    const { clock } = this.#settings;
    const task = tree.next(clock.monotonic(), this.#pick);
    const { domain } = tree.url;
    const name = task.type === 'root' ? domain : `${task.hash}.${domain}`;
    try {
      if (task.type === 'entry') return await this.#entry(tree, task, name, signal);
      const root = await this.#lookup.root(id, tree.url, signal);
      const { seq } = root;
      if (tree.rootFound(root, clock.monotonic())) {
        publish(() => ({ event: 'root', domain, seq }));
      }
    } catch (error) {
      if (!(error instanceof DnsdiscError)) throw error;
      const now = clock.monotonic();
      const retryIn =
        task.type === 'root' ? tree.rootFailed(now) : tree.entryFailed(task.half, now);
      this.#refuse(name, error, retryIn);
    } finally {
      if (task.type === 'entry' && task.half === 'links' && tree.linksRead) this.#prune();
    }
    return undefined;
  }

  async #entry(
    tree: Tree,
    { half, hash }: Task & { type: 'entry' },
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Enr | undefined> {
    const { entry, cached } = await this.#lookup.entry(tree.url.domain, hash, signal);
    if (entry.type === (half === 'links' ? 'enr' : 'link')) {
      throw new DnsdiscError('misplaced-entry', `a ${entry.type} entry among the ${half}`);
    }
    if (entry.type === 'link') this.#follow(tree, entry.url, name);
    if (!tree.entryFound(half, entry, { cached })) {
      const message = `more than ${this.#settings.maxEntries} ${half} and branches`;
      this.#refuse(name, new DnsdiscError('tree-too-large', message));
    }
    return entry.type === 'enr' ? entry.enr : undefined;
  }

  #follow(from: Tree, url: TreeUrl, name: string): void {
    const { maxLinkDepth, maxTrees } = this.#settings;
    const id = this.#id(url);
    if (!this.#trees.has(id)) {
      if (from.depth >= maxLinkDepth) {
        const message = `more than ${maxLinkDepth} links away: ${url.domain}`;
        this.#refuse(name, new DnsdiscError('link-too-deep', message));
        return;
      }
      if (this.#trees.size >= maxTrees) {
        const message = `more than ${maxTrees} lists: ${url.domain}`;
        this.#refuse(name, new DnsdiscError('too-many-trees', message));
        return;
      }
      this.#trees.set(id, new Tree(url, from.depth + 1, this.#settings));
      publish(() => ({ event: 'tree-added', url: id }));
    }
    from.link(id);
  }

  /** Drops the lists that no link leads to any more, from those that were asked for. */
  #prune(): void {
    const reached = new Set(this.#asked);
    // A set is iterated in the order of insertion, additions on the way included: nearest first.
    for (const id of reached) {
      const tree = this.#trees.get(id);
      for (const other of tree?.linked ?? []) {
        const linked = this.#trees.get(other);
        if (!tree || !linked || reached.has(other)) continue;
        linked.depth = tree.depth + 1;
        reached.add(other);
      }
    }
    for (const id of this.#trees.keys()) {
      if (reached.has(id)) continue;
      this.#trees.delete(id);
      publish(() => ({ event: 'tree-removed', url: id }));
    }
  }

  #refuse(name: string, error: DnsdiscError, retryIn?: number): void {
    this.#count(error.code);
    const event = error.code === 'resolver-failed' ? 'resolver-failed' : 'refused';
    publish(() => ({ event, name, error, retryIn }));
  }

  #id(url: TreeUrl): string {
    return writeTreeUrl(url, this.#settings);
  }

  readonly #pick = (length: number): number => {
    const [a = 0, b = 0, c = 0, d = 0] = this.#settings.random(4);
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % length;
  };
}

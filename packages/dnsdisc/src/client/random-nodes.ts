import { sleep } from '@devp2p/clock';
import type { Enr } from '@devp2p/enr';
import { publish } from '../diagnostics.ts';
import { DnsdiscError, type DnsdiscErrorCode } from '../error.ts';
import { type TreeUrl, writeTreeUrl } from '../tree/tree-url.ts';
import type { DnsLookup } from './dns-lookup.ts';
import type { Settings } from './options.ts';
import { type Task, TreeReader } from './tree-reader.ts';

/** Reads several lists and the lists that they link to, one entry of a random list at a time. */
export class RandomNodes {
  readonly #settings: Settings;
  readonly #lookup: DnsLookup;
  readonly #count: (code: DnsdiscErrorCode) => void;
  /** By URL in canonical form. */
  readonly #trees = new Map<string, TreeReader>();
  readonly #given: ReadonlySet<string>;

  constructor(
    urls: readonly TreeUrl[],
    settings: Settings,
    lookup: DnsLookup,
    count: (code: DnsdiscErrorCode) => void,
  ) {
    this.#settings = settings;
    this.#lookup = lookup;
    this.#count = count;
    for (const url of urls) this.#trees.set(this.#id(url), new TreeReader(url, 0, settings));
    this.#given = new Set(this.#trees.keys());
  }

  async *nodes(signal: AbortSignal | undefined): AsyncGenerator<Enr, void, undefined> {
    const { clock, random } = this.#settings;
    while (this.#trees.size > 0) {
      signal?.throwIfAborted();
      const now = clock.monotonic();
      const ready = [...this.#trees].filter(([, tree]) => tree.readyAt <= now);
      const selected = random.pick(ready);
      if (selected) {
        const enr = await this.#step(...selected, signal);
        if (enr) yield enr;
      } else {
        const next = Math.min(...[...this.#trees.values()].map(({ readyAt }) => readyAt));
        await sleep(clock, next - now, { signal });
      }
    }
  }

  async #step(id: string, tree: TreeReader, signal: AbortSignal | undefined): Promise<Enr | undefined> {
    const { clock, random } = this.#settings;
    const task = tree.next(clock.monotonic(), random);
    const { domain } = tree.url;
    const name = task.type === 'root' ? domain : `${task.hash}.${domain}`;
    try {
      if (task.type === 'entry') return await this.#entry(tree, task, name, signal);
      const root = await this.#lookup.root(id, tree.url, signal);
      const { seq } = root;
      if (tree.rootFound(root, clock.monotonic())) {
        publish(() => ({ localId: this.#settings.localId, type: 'root', domain, seq }));
      }
    } catch (error) {
      if (!(error instanceof DnsdiscError)) throw error;
      const now = clock.monotonic();
      const retryIn = task.type === 'root' ? tree.rootFailed(now) : tree.entryFailed(task.half, now);
      this.#refuse(name, error, retryIn);
    } finally {
      if (task.type === 'entry' && task.half === 'links' && tree.linksRead) this.#prune();
    }
    return undefined;
  }

  async #entry(
    tree: TreeReader,
    { half, hash }: Task & { type: 'entry' },
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Enr | undefined> {
    const { entry, cached } = await this.#lookup.entry(tree.url.domain, hash, signal);
    if (entry.type === (half === 'links' ? 'enr' : 'link')) {
      throw new DnsdiscError('misplaced-entry', `${entry.type} entry among the ${half}`);
    }
    if (entry.type === 'link') this.#follow(tree, entry.url, name);
    if (!tree.entryFound(half, entry, { cached })) {
      const message = `limit of ${this.#settings.maxEntries} ${half} and branches reached`;
      this.#refuse(name, new DnsdiscError('tree-too-large', message));
    }
    return entry.type === 'enr' ? entry.enr : undefined;
  }

  #follow(from: TreeReader, url: TreeUrl, name: string): void {
    const { maxLinkDepth, maxTrees } = this.#settings;
    const id = this.#id(url);
    if (!this.#trees.has(id)) {
      if (from.depth >= maxLinkDepth) {
        const message = `link to ${url.domain} is above the depth limit of ${maxLinkDepth}`;
        this.#refuse(name, new DnsdiscError('link-too-deep', message));
        return;
      }
      if (this.#trees.size >= maxTrees) {
        const message = `link to ${url.domain} is above the limit of ${maxTrees} lists`;
        this.#refuse(name, new DnsdiscError('too-many-trees', message));
        return;
      }
      this.#trees.set(id, new TreeReader(url, from.depth + 1, this.#settings));
      publish(() => ({ localId: this.#settings.localId, type: 'tree-added', url: id }));
    }
    from.link(id);
  }

  /** Removes the lists that no path of links from the given lists reaches. */
  #prune(): void {
    const reached = new Set(this.#given);
    // The iteration includes the ids that are added during it: breadth first, so that `depth` is the shortest path.
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
      publish(() => ({ localId: this.#settings.localId, type: 'tree-removed', url: id }));
    }
  }

  #refuse(name: string, error: DnsdiscError, retryIn?: number): void {
    this.#count(error.code);
    const type = error.code === 'resolver-failed' ? 'resolver-failed' : 'refused';
    publish(() => ({ localId: this.#settings.localId, type, name, error, retryIn }));
  }

  #id(url: TreeUrl): string {
    return writeTreeUrl(url, this.#settings);
  }
}

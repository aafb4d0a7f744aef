import { errorText } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { type Enode, formatEnode } from '@devp2p/enr';
import type { Log } from '../logging/log.ts';

/** Finds out where a node is now, by its public key. */
export type Locate = (node: Enode, signal: AbortSignal) => Promise<Enode | undefined>;

/** @see StaticNodes */
export interface StaticNodesOptions {
  /** Requests a permanent connection to a node, at the address given last. @returns the id of the request */
  readonly connect: (node: Enode) => number;
  /** Ends a request and its connection. */
  readonly remove: (request: number) => void;
  /** @default a static node is dialed only at the address given by the operator */
  readonly locate: Locate | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Time from one search for a node to the next, the first and the longest, in ms (go-ethereum, `p2p/dial.go`). */
const searchDelay = 60_000;
const maxSearchDelay = 3_600_000;

interface StaticNode {
  /** As the operator named it last. */
  readonly named: Enode;
  readonly request: number;
  /** The address at which it is dialed now. */
  dialed: Enode;
  searchAt: number;
  searchDelay: number;
  readonly over: AbortController;
}

/**
 * Nodes to stay connected to. Discovery also looks for one that cannot be reached at the address given by the operator;
 * it is then dialed at both addresses alternately.
 */
export class StaticNodes {
  /** By hex public key. */
  readonly #nodes = new Map<string, StaticNode>();
  readonly #options: StaticNodesOptions;

  constructor(options: StaticNodesOptions) {
    this.#options = options;
  }

  has(id: Uint8Array): boolean {
    return this.#nodes.has(toHex(id));
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Adds a node to stay connected to; for one that was added before, replaces the address. */
  add(node: Enode): void {
    const key = toHex(node.id);
    this.#nodes.get(key)?.over.abort();
    this.#nodes.set(key, {
      named: node,
      request: this.#options.connect(node),
      dialed: node,
      searchAt: Number.NEGATIVE_INFINITY,
      searchDelay,
      over: new AbortController(),
    });
  }

  /** Removes a node, and closes its connection. */
  remove(id: Uint8Array): void {
    const key = toHex(id);
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#nodes.delete(key);
    node.over.abort();
    this.#options.remove(node.request);
  }

  /** Aborts all searches. */
  close(): void {
    for (const { over } of this.#nodes.values()) over.abort();
  }

  /** The node could not be reached at the dialed address. */
  unreached({ id }: Enode): void {
    const node = this.#nodes.get(toHex(id));
    const now = this.#options.clock.monotonic();
    if (node === undefined || this.#options.locate === undefined || now < node.searchAt) return;
    node.searchAt = now + node.searchDelay;
    node.searchDelay = Math.min(2 * node.searchDelay, maxSearchDelay);
    void this.#search(node, this.#options.locate);
  }

  async #search(node: StaticNode, locate: Locate): Promise<void> {
    const { log, connect } = this.#options;
    const { signal } = node.over;
    const found = await locate(node.named, signal).catch((error: unknown) => {
      if (!signal.aborted) log.debug({ error: errorText(error) }, 'static node not looked for');
      return undefined;
    });
    if (signal.aborted) return;
    const next = found === undefined || isSamePlace(found, node.dialed) ? node.named : found;
    if (isSamePlace(next, node.dialed)) return;
    node.dialed = next;
    const places = { node: formatEnode(next), named: formatEnode(node.named) };
    if (next !== node.named) log.info(places, 'static node found at another address');
    connect(next);
  }
}

function isSamePlace(a: Enode, b: Enode): boolean {
  return a.host === b.host && a.tcp === b.tcp;
}

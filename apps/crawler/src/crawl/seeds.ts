import type { Clock } from '@devp2p/clock';
import type { DnsClient } from '@devp2p/dnsdisc';
import { readDnsList } from '../discovery/dns-list.ts';
import { type ResolveHost, resolveUserNode, type UserNode } from '../discovery/user-node.ts';
import type { NodeRecord } from '../model/node-record.ts';
import type { ReportedNode } from '../model/reported-node.ts';

/** Boot nodes, DNS lists and collaborators of {@link Seeds}. */
export interface SeedsOptions {
  readonly bootnodes: readonly UserNode[];
  readonly dnsLists: readonly string[];
  readonly resolveHost: ResolveHost;
  readonly dns: DnsClient;
  readonly clock: Clock;
  /** Ends all reading. */
  readonly signal: AbortSignal;
  /** Whether each seed is read once. */
  readonly once: boolean;
  readonly onNode: (node: ReportedNode, origin: NodeRecord['origin']) => void;
  /** Called when a host name cannot be resolved; the lookup is repeated. */
  readonly onWarning: (message: string, error: unknown) => void;
  /** Called when a seed has ended, with the error if it failed. */
  readonly onEnd: (error?: unknown) => void;
}

/** Lookups of a boot node's host name in a crawl that ends. */
const maxLookups = 3;

/** Reads the boot nodes and DNS lists of a crawl. */
export class Seeds {
  readonly #options: SeedsOptions;
  #running: readonly Promise<void>[] = [];
  #active = 0;

  constructor(options: SeedsOptions) {
    this.#options = options;
  }

  /** Whether no seed is being read. */
  get isDone(): boolean {
    return this.#active === 0;
  }

  start(): void {
    const { bootnodes, dnsLists } = this.#options;
    this.#running = [
      ...bootnodes.map((node) => this.#run(() => this.#readBootnode(node))),
      ...dnsLists.map((url) => this.#run(() => this.#readDnsList(url))),
    ];
  }

  /** Resolves when all seeds have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(read: () => Promise<void>): Promise<void> {
    const { signal, onEnd } = this.#options;
    this.#active++;
    let failure: unknown;
    try {
      await read();
    } catch (error) {
      if (!signal.aborted) failure = error;
    }
    this.#active--;
    onEnd(failure);
  }

  async #readBootnode(node: UserNode): Promise<void> {
    const { resolveHost, clock, signal, once, onNode, onWarning } = this.#options;
    const located = await resolveUserNode(node, {
      resolveHost,
      clock,
      signal,
      maxAttempts: once ? maxLookups : Number.POSITIVE_INFINITY,
      onFailure: (error) => onWarning(`cannot resolve boot node ${node.host}`, error),
    });
    if (located) onNode(located, 'bootnode');
  }

  #readDnsList(url: string): Promise<void> {
    const { dns: client, clock, signal, once, onNode } = this.#options;
    return readDnsList(url, {
      client,
      clock,
      signal,
      once,
      onNode: (node) => onNode(node, 'dns'),
    });
  }
}

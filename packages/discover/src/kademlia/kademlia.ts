import { abortable, type Clock, sleep } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { inRange } from '@devp2p/ip';
import type { RandomSource } from '@devp2p/random';
import type { Bootnodes } from '../node/bootnodes.ts';
import { type Node, nodeFromEnr, withEnr } from '../node/node.ts';
import type { NodeDatabase } from '../store/node-database.ts';
import { Refresh } from '../table/refresh.ts';
import { type CheckResult, Revalidation } from '../table/revalidation.ts';
import { Table, type TableChange } from '../table/table.ts';
import { lookup } from './lookup.ts';
import type { KademliaSettings } from './options.ts';
import type { LookupTarget, Transport } from './transport.ts';

/**
 * Buckets with fewer nodes keep nodes that do not answer FindNode: in a small network there are no others. As
 * go-ethereum (`bucketSize / 4`).
 */
const minBucketLoad = 4;

/** Collaborators of {@link Kademlia}. */
export interface KademliaParts {
  /** The local node. */
  readonly self: Pick<Node, 'id' | 'key' | 'hash'>;
  readonly transport: Transport;
  readonly bootnodes: Bootnodes;
  readonly database: Pick<NodeDatabase, 'seeds' | 'expire'>;
  /** Whether the socket can send to an IP address. */
  readonly canSendTo: (ip: Uint8Array) => boolean;
  readonly crypto: Crypto;
  readonly random: RandomSource;
  readonly clock: Clock;
  /** Aborts when discovery is closed. Its reason is the error of all later calls. */
  readonly closing: AbortSignal;
  readonly onChange: (change: TableChange, node: Node) => void;
  /** Called with an error of the store. */
  readonly onFailure: (error: unknown) => void;
  /** Called at the end of each refresh. @default not called */
  readonly onRefresh?: (() => void) | undefined;
}

/** Maintains the node table of one discovery version, and runs lookups over its transport. */
export class Kademlia {
  readonly #settings: KademliaSettings;
  readonly #parts: KademliaParts;
  readonly #table: Table;
  readonly #refresh: Refresh;
  readonly #revalidation: Revalidation;

  constructor(settings: KademliaSettings, parts: KademliaParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { self, random, clock, closing, onChange, onFailure } = parts;
    const { maxReplacements, bucketNetworkLimit, tableNetworkLimit } = settings;
    this.#table = new Table({
      self,
      random,
      maxReplacements,
      bucketNetworkLimit,
      tableNetworkLimit,
      onChange: (change, node) => {
        onChange(change, node);
        if (this.#table.size === 0) this.#refresh.schedule();
      },
    });
    this.#revalidation = new Revalidation({
      table: this.#table,
      clock,
      random,
      interval: settings.pingInterval,
      check: (node) => this.#check(node),
    });
    this.#refresh = new Refresh({
      clock,
      random,
      interval: settings.refreshInterval,
      isTableEmpty: () => this.#table.size === 0,
      refresh: () => this.#fillTable(),
      onFailure: (error) => {
        // Lookups reject when discovery is closed; all other errors are those of the store.
        if (!closing.aborted) onFailure(error);
      },
    });
  }

  /** Starts to fill and to check the table, if `maintainTable` is set. */
  start(): void {
    if (this.#settings.maintainTable === false) {
      this.#refresh.stop();
      return;
    }
    this.#revalidation.start();
    void this.#refresh.run().then(() => {
      this.#table.seeded = true;
    });
  }

  /** Stops all timers. Resolves when the running refresh has ended; `closing` must be aborted before. */
  async stop(): Promise<void> {
    this.#revalidation.stop();
    this.#refresh.stop();
    await this.#refresh.running;
  }

  /** Number of nodes in the table. */
  get size(): number {
    return this.#table.size;
  }

  /** Returns all nodes in the table, in no particular order. */
  nodes(): Node[] {
    return Array.from(this.#table.entries(), ({ node }) => node);
  }

  /** Returns the 16 verified nodes that are closest to a hash, for the response to FindNode. */
  closest(hash: Uint8Array): Node[] {
    return this.#table.closest(hash, { verified: true });
  }

  /**
   * Adds a node that has contacted the local node and proved its address, if `netRestrict` allows it.
   *
   * @param live whether the proof is of now and from this UDP port
   */
  addInbound(node: Node, live: boolean): void {
    if (this.#isAllowed(node.ip)) this.#table.add(node, 'inbound', { live });
  }

  /**
   * Looks up the nodes of the network that are closest to a public key.
   *
   * @param publicKey 64 bytes
   * @returns up to 16 nodes, closest first
   * @throws the reason of the signal or of `closing`
   */
  async lookup(publicKey: Uint8Array, signal: AbortSignal | undefined): Promise<Node[]> {
    signal?.throwIfAborted();
    if (this.#table.size === 0) await abortable(this.#refresh.run(), signal);
    return this.#lookup(publicKey, signal);
  }

  /**
   * Returns a node with its current record: requests it at the known endpoints, then at the endpoint that a lookup finds.
   *
   * @returns the node of the argument if no record is found
   * @throws the reason of the signal or of `closing`
   */
  async resolve(node: Node, signal: AbortSignal | undefined): Promise<Node> {
    const known = this.#table.get(node.key)?.node;
    const candidates = known && known !== node ? [node, known] : [node];
    for (const candidate of candidates) {
      const resolved = await this.#requestRecord(candidate, signal);
      if (resolved) return resolved;
    }
    const found = await this.lookup(node.id, signal);
    const elsewhere = found.find(({ key }) => key === node.key);
    return (elsewhere && (await this.#requestRecord(elsewhere, signal))) ?? node;
  }

  /**
   * Iterates over random nodes of the network, found by successive lookups of random targets. A node may occur more than
   * once. Ends, without an error, only when the signal or `closing` aborts.
   */
  async *randomNodes(signal: AbortSignal | undefined): AsyncGenerator<Node, void, undefined> {
    const { clock, random, closing } = this.#parts;
    const ended = signal ? AbortSignal.any([signal, closing]) : closing;
    try {
      while (!ended.aborted) {
        if (this.#table.size === 0) await abortable(Promise.resolve(this.#refresh.running), ended);
        const started = clock.monotonic();
        for await (const node of this.#steps(random.bytes(64), ended)) {
          if (ended.aborted) return;
          yield node;
        }
        const elapsed = clock.monotonic() - started;
        await sleep(clock, this.#settings.lookupInterval - elapsed, { signal: ended });
      }
    } catch (error) {
      if (!ended.aborted) throw error;
    }
  }

  /** Adds seeds, then looks up the local node and some random targets. */
  async #fillTable(): Promise<void> {
    const { bootnodes, database, self, random, closing, onRefresh } = this.#parts;
    const { seedCount, seedMaxAge, refreshLookups } = this.#settings;
    const addSeeds = (nodes: readonly Node[]): void => {
      for (const node of nodes) this.#table.add(node, 'seed');
    };
    // Configured nodes come first: the store may have an older endpoint of the same node.
    addSeeds(bootnodes.known);
    addSeeds(await database.seeds(seedCount, seedMaxAge));
    addSeeds(await abortable(bootnodes.nodes(), closing));
    await this.#lookup(self.id, undefined);
    for (let i = 0; i < refreshLookups; i++) await this.#lookup(random.bytes(64), undefined);
    onRefresh?.();
    await database.expire();
  }

  async #lookup(publicKey: Uint8Array, signal: AbortSignal | undefined): Promise<Node[]> {
    const steps = this.#steps(publicKey, signal);
    for (;;) {
      const { done, value } = await steps.next();
      signal?.throwIfAborted();
      this.#parts.closing.throwIfAborted();
      if (done) return value;
    }
  }

  /** Runs a lookup. Never rejects: after an abort it finds no more nodes. */
  #steps(publicKey: Uint8Array, signal: AbortSignal | undefined): ReturnType<typeof lookup> {
    const { self, crypto } = this.#parts;
    const target = { publicKey, hash: crypto.keccak256(publicKey) };
    return lookup({
      target: target.hash,
      self,
      start: this.#table.closest(target.hash, { verified: false }),
      concurrency: this.#settings.lookupConcurrency,
      findNode: (node) => this.#findNode(node, target, signal),
    });
  }

  /** Queries a node for a lookup, and updates the table with the result. */
  async #findNode(node: Node, target: LookupTarget, signal: AbortSignal | undefined): Promise<readonly Node[]> {
    const { transport, canSendTo } = this.#parts;
    const { maxFindFailures, onNeighbors } = this.#settings;
    const result = await transport.findNode(node, target, signal);
    if (result === 'not-sent') return [];
    if (result.failures >= maxFindFailures && this.#table.bucketLoad(node) >= minBucketLoad) {
      this.#table.remove(node.key);
    }
    const nodes = result.nodes.filter(({ ip }) => canSendTo(ip));
    for (const other of nodes) this.#table.add(other, 'relayed');
    if (nodes.length > 0) onNeighbors?.(nodes, node);
    return nodes;
  }

  /** Checks whether a node of the table answers, and requests its record if there is a newer one. */
  async #check(node: Node): Promise<CheckResult> {
    const result = await this.#parts.transport.ping(node);
    if (typeof result === 'string') return result;
    if (result.enrSeq === undefined || result.enrSeq <= (node.enr?.seq ?? 0n)) return node;
    try {
      return (await this.#requestRecord(node, undefined)) ?? node;
    } catch (error) {
      if (this.#parts.closing.aborted) return 'not-sent';
      throw error;
    }
  }

  /** Returns the node with its current record and the endpoint in it; `undefined` without a valid response. */
  async #requestRecord(node: Node, signal: AbortSignal | undefined): Promise<Node | undefined> {
    const enr = await this.#parts.transport.requestRecord(node, signal);
    if (!enr) return undefined;
    // A different record with the same number is not newer.
    if (node.enr && enr.seq <= node.enr.seq) return node;
    const moved = nodeFromEnr(enr, this.#parts.crypto, node.ip.length === 4 ? 4 : 6);
    return moved && this.#isAllowed(moved.ip) ? moved : withEnr(node, enr);
  }

  #isAllowed(ip: Uint8Array): boolean {
    const { netRestrict } = this.#settings;
    return netRestrict === undefined || inRange(ip, netRestrict);
  }
}

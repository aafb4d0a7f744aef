import type { RandomBytes } from '@devp2p/crypto';
import { AddressLimits } from './address-limits.ts';
import { Closest, logDistance } from './distance.ts';
import { type Node, sameEndpoint, withEnr } from './node.ts';
import { pick } from './random.ts';

/** Nodes in a bucket, and in the answer to FindNode (Kademlia's k). */
export const BUCKET_SIZE = 16;

/** Distances up to this one share the lowest bucket: hardly any node is ever nearer. */
const LOWEST_DISTANCE = 239;
const BUCKETS: number = 256 - LOWEST_DISTANCE;

/** A node in the table. */
export interface TableEntry {
  readonly node: Node;
  /** Checks passed; a failed one divides by three, and the node goes at zero. */
  readonly checks: number;
  /** Whether the node has answered from the endpoint that it has now. */
  readonly live: boolean;
  /** How soon it is to be checked again. */
  readonly schedule: 'fast' | 'slow';
}

/** How the table came to hear of a node: from itself, from another node, or from the user or the store. */
export type Origin = 'inbound' | 'relayed' | 'seed';

/** What a {@link Table} is made with. */
export interface TableOptions {
  readonly self: Pick<Node, 'hash' | 'key'>;
  readonly random: RandomBytes;
  /** Nodes kept beside each full bucket. */
  readonly maxReplacements: number;
  /** Nodes of one /24 or IPv6 /64 in a bucket. */
  readonly bucketNetworkLimit: number;
  /** Nodes of one /24 or IPv6 /64 in the whole table. */
  readonly tableNetworkLimit: number;
  readonly onChange?: ((event: 'node-added' | 'node-removed', node: Node) => void) | undefined;
}

interface Entry extends TableEntry {
  node: Node;
  checks: number;
  live: boolean;
  schedule: 'fast' | 'slow';
}

interface Bucket {
  entries: Entry[];
  /** Latest first. */
  replacements: Node[];
  readonly limits: AddressLimits;
}

/** The routing table: nodes in buckets by their distance from us. Knows neither time nor network. */
export class Table {
  /** Whether nodes that contact us are let in; set once the first refresh is over. */
  seeded = false;
  readonly #options: TableOptions;
  readonly #buckets: Bucket[];
  readonly #limits: AddressLimits;
  readonly #byKey = new Map<string, Entry>();

  constructor(options: TableOptions) {
    this.#options = options;
    this.#limits = new AddressLimits(options.tableNetworkLimit);
    this.#buckets = Array.from({ length: BUCKETS }, () => ({
      entries: [],
      replacements: [],
      limits: new AddressLimits(options.bucketNetworkLimit),
    }));
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): TableEntry | undefined {
    return this.#byKey.get(key);
  }

  entries(): IterableIterator<TableEntry> {
    return this.#byKey.values();
  }

  /** The entries of each bucket, the nearest one first. */
  buckets(): readonly { entries: readonly TableEntry[]; replacements: readonly Node[] }[] {
    return this.#buckets;
  }

  /** How many nodes share a node's bucket, itself included. */
  bucketLoad(node: Node): number {
    return this.#bucket(node).entries.length;
  }

  /**
   * The nodes nearest to a hash. Nodes that were never seen alive are among them only if `verified` is not asked for,
   * or if there are no others: passing them on would spread what strangers make up.
   */
  closest(target: Uint8Array, { verified }: { verified: boolean }): Node[] {
    const closest = new Closest<Node>(target, BUCKET_SIZE);
    for (const { node, live } of this.#byKey.values()) if (live || !verified) closest.offer(node);
    if (closest.nodes.length === 0 && verified) return this.closest(target, { verified: false });
    return closest.nodes;
  }

  /**
   * Offers a node to the table. One that is known already changes its endpoint by its own (inbound) word or a newer
   * record of its own, and by nothing else.
   *
   * @param live - whether it has just answered from this endpoint.
   */
  add(node: Node, origin: Origin, { live = false }: { live?: boolean } = {}): void {
    if (node.key === this.#options.self.key) return;
    if (origin === 'inbound' && !this.seeded) return;
    const known = this.#byKey.get(node.key);
    if (known) {
      const moved = !sameEndpoint(known.node, node) || known.node.tcp !== node.tcp;
      const isNewer = node.enr !== undefined && node.enr.seq > (known.node.enr?.seq ?? -1n);
      if (isNewer) this.#update(known, node);
      else if (origin === 'inbound' && moved) this.#update(known, withEnr(node, known.node.enr));
      return;
    }
    const bucket = this.#bucket(node);
    if (bucket.entries.length >= BUCKET_SIZE) this.#addReplacement(bucket, node);
    else if (this.#take(bucket, node)) this.#insert(bucket, node, live);
  }

  /** A node passed its check; `node` is what is now known of it, which may include another endpoint. */
  passed(key: string, node: Node): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    entry.checks++;
    entry.live = true;
    if (sameEndpoint(entry.node, node)) entry.schedule = 'slow';
    this.#update(entry, node);
  }

  /** A node failed its check. */
  failed(key: string): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    entry.checks = Math.floor(entry.checks / 3);
    if (entry.checks === 0) this.remove(key);
    else entry.schedule = 'fast';
  }

  /** Takes a node out; one that waited beside the bucket moves up. */
  remove(key: string): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    const { node } = entry;
    const bucket = this.#bucket(node);
    this.#byKey.delete(key);
    bucket.entries = bucket.entries.filter((other) => other !== entry);
    this.#release(bucket, node);
    this.#options.onChange?.('node-removed', node);
    const replacement = pick(bucket.replacements, this.#options.random);
    if (!replacement) return;
    bucket.replacements = bucket.replacements.filter((other) => other !== replacement);
    this.#insert(bucket, replacement, false);
  }

  #insert(bucket: Bucket, node: Node, live: boolean): void {
    const entry: Entry = { node, live, checks: live ? 1 : 0, schedule: 'fast' };
    bucket.entries.push(entry);
    this.#byKey.set(node.key, entry);
    const waiting = bucket.replacements.find((other) => other.key === node.key);
    if (waiting) {
      this.#release(bucket, waiting);
      bucket.replacements = bucket.replacements.filter((other) => other !== waiting);
    }
    this.#options.onChange?.('node-added', node);
  }

  #addReplacement(bucket: Bucket, node: Node): void {
    if (bucket.replacements.some((other) => other.key === node.key)) return;
    if (!this.#take(bucket, node)) return;
    bucket.replacements.unshift(node);
    if (bucket.replacements.length <= this.#options.maxReplacements) return;
    const last = bucket.replacements.pop();
    if (last) this.#release(bucket, last);
  }

  /** An endpoint that has not been checked yet is nobody's for sure: liveness starts again. */
  #update(entry: Entry, node: Node): void {
    const bucket = this.#bucket(node);
    const { host } = entry.node;
    const moved = !sameEndpoint(entry.node, node);
    if (host !== node.host) {
      this.#release(bucket, entry.node);
      if (!this.#take(bucket, node)) {
        this.#take(bucket, entry.node);
        return;
      }
    }
    entry.node = node;
    if (!moved) return;
    entry.live = false;
    entry.schedule = 'fast';
  }

  #take({ limits }: Bucket, node: Node): boolean {
    if (!this.#limits.take(node)) return false;
    if (limits.take(node)) return true;
    this.#limits.release(node);
    return false;
  }

  #release({ limits }: Bucket, node: Node): void {
    this.#limits.release(node);
    limits.release(node);
  }

  #bucket({ hash }: Node): Bucket {
    const distance = logDistance(this.#options.self.hash, hash);
    return this.#buckets[Math.max(0, distance - LOWEST_DISTANCE - 1)] as Bucket;
  }
}

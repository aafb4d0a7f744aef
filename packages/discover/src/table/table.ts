import type { RandomSource } from '@devp2p/random';
import { hasSameEndpoint, type Node, withEnr } from '../node/node.ts';
import { AddressLimits } from './address-limits.ts';
import { ClosestNodes, logDistance } from './distance.ts';

/** Nodes per bucket, and in the result of a lookup (Kademlia's k). */
export const bucketSize = 16;

/** All smaller distances share the first bucket, because almost no node is that close. */
const lowestDistance = 239;
const bucketCount: number = 256 - lowestDistance;

/** Node in the table. */
export interface TableEntry {
  readonly node: Node;
  /** Passed checks. A failed check divides the number by three; at zero the node is removed. */
  readonly checks: number;
  /** Whether the node has answered from its current endpoint. */
  readonly live: boolean;
  /** List of the revalidation that the node is on. */
  readonly schedule: 'fast' | 'slow';
}

/** Source of a node: the node itself, another node, or the boot nodes and the database. */
export type NodeOrigin = 'inbound' | 'relayed' | 'seed';

/** Change of the table. */
export type TableChange = 'node-added' | 'node-removed';

/** Options of {@link Table}. */
export interface TableOptions {
  readonly self: Pick<Node, 'hash' | 'key'>;
  readonly random: RandomSource;
  /** Replacements per full bucket. */
  readonly maxReplacements: number;
  /** Nodes of one /24 or IPv6 /64 per bucket. */
  readonly bucketNetworkLimit: number;
  /** Nodes of one /24 or IPv6 /64 in the table. */
  readonly tableNetworkLimit: number;
  readonly onChange?: ((change: TableChange, node: Node) => void) | undefined;
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

/** Node table: buckets by the distance to the local node. Independent of time and network. */
export class Table {
  /** Whether inbound nodes are accepted. Set after the first refresh. */
  seeded = false;
  readonly #options: TableOptions;
  readonly #buckets: Bucket[];
  readonly #limits: AddressLimits;
  readonly #byKey = new Map<string, Entry>();

  constructor(options: TableOptions) {
    this.#options = options;
    this.#limits = new AddressLimits(options.tableNetworkLimit);
    this.#buckets = Array.from({ length: bucketCount }, () => ({
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

  /** Buckets, the closest one first. */
  buckets(): readonly { entries: readonly TableEntry[]; replacements: readonly Node[] }[] {
    return this.#buckets;
  }

  /** Number of nodes in the bucket of a node. */
  bucketLoad(node: Node): number {
    return this.#bucket(node).entries.length;
  }

  /**
   * Returns the 16 nodes that are closest to a hash, closest first.
   *
   * @param verified whether to leave out nodes that have not answered, unless there are no others. Nodes for other peers
   * must be verified, so that invented nodes do not spread.
   */
  closest(target: Uint8Array, { verified }: { verified: boolean }): Node[] {
    const closest = new ClosestNodes<Node>(target, bucketSize);
    for (const { node, live } of this.#byKey.values()) if (live || !verified) closest.add(node);
    if (closest.nodes.length === 0 && verified) return this.closest(target, { verified: false });
    return closest.nodes;
  }

  /**
   * Adds a node. The endpoint of a known node changes only if the node itself is the source (inbound), or if `node` has a
   * newer record.
   *
   * @param live whether the node has just answered from this endpoint
   */
  add(node: Node, origin: NodeOrigin, { live = false }: { live?: boolean } = {}): void {
    if (node.key === this.#options.self.key) return;
    if (origin === 'inbound' && !this.seeded) return;
    const known = this.#byKey.get(node.key);
    if (known) {
      const moved = !hasSameEndpoint(known.node, node) || known.node.tcp !== node.tcp;
      const isNewer = node.enr !== undefined && node.enr.seq > (known.node.enr?.seq ?? -1n);
      if (isNewer) this.#update(known, node);
      else if (origin === 'inbound' && moved) this.#update(known, withEnr(node, known.node.enr));
      return;
    }
    const bucket = this.#bucket(node);
    if (bucket.entries.length >= bucketSize) this.#addReplacement(bucket, node);
    else if (this.#addToLimits(bucket, node)) this.#insert(bucket, node, live);
  }

  /** Records a passed check. `node` is the current state of the node, and may have another endpoint. */
  passed(key: string, node: Node): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    entry.checks++;
    entry.live = true;
    if (hasSameEndpoint(entry.node, node)) entry.schedule = 'slow';
    this.#update(entry, node);
  }

  /** Records a failed check. */
  failed(key: string): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    entry.checks = Math.floor(entry.checks / 3);
    if (entry.checks === 0) this.remove(key);
    else entry.schedule = 'fast';
  }

  /** Removes a node. A random replacement takes its place. */
  remove(key: string): void {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    const { node } = entry;
    const bucket = this.#bucket(node);
    this.#byKey.delete(key);
    bucket.entries = bucket.entries.filter((other) => other !== entry);
    this.#removeFromLimits(bucket, node);
    this.#options.onChange?.('node-removed', node);
    const replacement = this.#options.random.pick(bucket.replacements);
    if (!replacement) return;
    bucket.replacements = bucket.replacements.filter((other) => other !== replacement);
    this.#insert(bucket, replacement, false);
  }

  #insert(bucket: Bucket, node: Node, live: boolean): void {
    const entry: Entry = { node, live, checks: live ? 1 : 0, schedule: 'fast' };
    bucket.entries.push(entry);
    this.#byKey.set(node.key, entry);
    const replacement = bucket.replacements.find((other) => other.key === node.key);
    if (replacement) {
      this.#removeFromLimits(bucket, replacement);
      bucket.replacements = bucket.replacements.filter((other) => other !== replacement);
    }
    this.#options.onChange?.('node-added', node);
  }

  #addReplacement(bucket: Bucket, node: Node): void {
    if (bucket.replacements.some((other) => other.key === node.key)) return;
    if (!this.#addToLimits(bucket, node)) return;
    bucket.replacements.unshift(node);
    if (bucket.replacements.length <= this.#options.maxReplacements) return;
    const last = bucket.replacements.pop();
    if (last) this.#removeFromLimits(bucket, last);
  }

  /** Replaces the node of an entry. A new endpoint is not live until it is checked. */
  #update(entry: Entry, node: Node): void {
    const bucket = this.#bucket(node);
    const { host } = entry.node;
    const moved = !hasSameEndpoint(entry.node, node);
    if (host !== node.host) {
      this.#removeFromLimits(bucket, entry.node);
      if (!this.#addToLimits(bucket, node)) {
        this.#addToLimits(bucket, entry.node);
        return;
      }
    }
    entry.node = node;
    if (!moved) return;
    entry.live = false;
    entry.schedule = 'fast';
  }

  #addToLimits({ limits }: Bucket, node: Node): boolean {
    if (!this.#limits.add(node)) return false;
    if (limits.add(node)) return true;
    this.#limits.remove(node);
    return false;
  }

  #removeFromLimits({ limits }: Bucket, node: Node): void {
    this.#limits.remove(node);
    limits.remove(node);
  }

  #bucket({ hash }: Node): Bucket {
    const distance = logDistance(this.#options.self.hash, hash);
    return this.#buckets[Math.max(0, distance - lowestDistance - 1)] as Bucket;
  }
}

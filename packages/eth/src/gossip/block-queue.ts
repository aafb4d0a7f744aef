import { toHex } from '@devp2p/bytes';
import type { SealedBlock } from '../types/block.ts';

/** Blocks of one peer that wait for their import (go-ethereum, `blockLimit`). */
const maxBlocksOfPeer = 64;
/** Their bytes; one block may be larger. */
const maxBytesOfPeer = 16 * 1024 * 1024;
/** Bytes of all blocks that wait. */
const maxBytes = 64 * 1024 * 1024;

/** A block that waits for its import. */
export interface QueuedBlock<Peer> {
  readonly key: string;
  readonly parentKey: string;
  readonly block: SealedBlock;
  /** Peer that has sent it. */
  readonly peer: Peer;
  readonly bytes: number;
  /** Whether its parent is known. */
  isReady: boolean;
}

/** Blocks and bytes of a peer. */
interface Load {
  blocks: number;
  bytes: number;
}

/**
 * Received blocks that are imported one after another, parents before their children. When it is full, the peer with the
 * most bytes loses its last block.
 */
export class BlockQueue<Peer> {
  /** By hex of the hash, in the order of their arrival. */
  readonly #blocks = new Map<string, QueuedBlock<Peer>>();
  readonly #children = new Map<string, Set<QueuedBlock<Peer>>>();
  readonly #loads = new Map<Peer, Load>();
  #bytes = 0;

  get size(): number {
    return this.#blocks.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#blocks.has(key);
  }

  /** Whether a block waits for its parent with this key. */
  hasChildren(key: string): boolean {
    return this.#children.has(key);
  }

  get(key: string): QueuedBlock<Peer> | undefined {
    return this.#blocks.get(key);
  }

  /**
   * Adds a block, which is not ready yet.
   *
   * @returns `undefined` when the queue is full, and when it already has the block
   */
  add(block: SealedBlock, peer: Peer): QueuedBlock<Peer> | undefined {
    const key = toHex(block.header.hash);
    const bytes = block.header.raw.length + block.body.raw.length;
    if (this.#blocks.has(key) || !this.#makeRoom(bytes, peer)) return undefined;
    const parentKey = toHex(block.header.parentHash);
    const entry = { key, parentKey, block, peer, bytes, isReady: false };
    this.#blocks.set(key, entry);
    const siblings = this.#children.get(parentKey) ?? new Set();
    this.#children.set(parentKey, siblings.add(entry));
    const load = this.#loads.get(peer) ?? { blocks: 0, bytes: 0 };
    load.blocks++;
    load.bytes += bytes;
    this.#loads.set(peer, load);
    this.#bytes += bytes;
    return entry;
  }

  /** The ready block with the lowest number. It stays in the queue. */
  next(): QueuedBlock<Peer> | undefined {
    let next: QueuedBlock<Peer> | undefined;
    for (const entry of this.#blocks.values()) {
      if (!entry.isReady) continue;
      if (next === undefined || entry.block.header.number < next.block.header.number) next = entry;
    }
    return next;
  }

  /** Removes a block that has been imported; its children are ready then. */
  imported(entry: QueuedBlock<Peer>): void {
    this.#remove(entry);
    this.parentKnown(entry.key);
  }

  /** The children of a block are ready. */
  parentKnown(key: string): void {
    for (const child of this.#children.get(key) ?? []) child.isReady = true;
  }

  /** Removes the descendants of a block that is not part of the queue, or is being removed. @returns them */
  dropChildren(key: string): QueuedBlock<Peer>[] {
    const dropped: QueuedBlock<Peer>[] = [];
    const keys = [key];
    for (let parent = keys.pop(); parent !== undefined; parent = keys.pop()) {
      for (const child of [...(this.#children.get(parent) ?? [])]) {
        this.#remove(child);
        dropped.push(child);
        keys.push(child.key);
      }
    }
    return dropped;
  }

  /** Removes a block and its descendants. @returns them */
  drop(entry: QueuedBlock<Peer>): QueuedBlock<Peer>[] {
    this.#remove(entry);
    return [entry, ...this.dropChildren(entry.key)];
  }

  clear(): void {
    this.#blocks.clear();
    this.#children.clear();
    this.#loads.clear();
    this.#bytes = 0;
  }

  #makeRoom(bytes: number, peer: Peer): boolean {
    const load = this.#loads.get(peer);
    if (load !== undefined) {
      if (load.blocks >= maxBlocksOfPeer || load.bytes + bytes > maxBytesOfPeer) return false;
    }
    while (this.#bytes > 0 && this.#bytes + bytes > maxBytes) {
      const [heaviest, most] = this.#heaviest();
      if (most <= (load?.bytes ?? 0) + bytes) return false;
      const last = [...this.#blocks.values()].findLast((entry) => entry.peer === heaviest && !entry.isReady);
      if (last === undefined) return false;
      this.drop(last);
    }
    return true;
  }

  #heaviest(): readonly [Peer | undefined, number] {
    let heaviest: Peer | undefined;
    let most = 0;
    for (const [peer, { bytes }] of this.#loads) {
      if (bytes > most) [heaviest, most] = [peer, bytes];
    }
    return [heaviest, most];
  }

  #remove(entry: QueuedBlock<Peer>): void {
    if (!this.#blocks.delete(entry.key)) return;
    const siblings = this.#children.get(entry.parentKey);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.#children.delete(entry.parentKey);
    const load = this.#loads.get(entry.peer);
    if (load !== undefined) {
      load.blocks--;
      load.bytes -= entry.bytes;
      if (load.blocks === 0) this.#loads.delete(entry.peer);
    }
    this.#bytes -= entry.bytes;
  }
}

import { toHex } from '@devp2p/bytes';
import { type Clock, systemClock, withTimeout } from '@devp2p/clock';
import { createRandomSource, type RandomSource, randomBytes } from '@devp2p/random';
import { EthError } from '../error.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import { encodeBlock, type SealedBlock } from '../types/block.ts';
import type { SealedHeader } from '../types/header.ts';
import type { BlockAnnouncement, NewBlock } from '../wire/messages.ts';
import type { BlockExchange, PeerBlocks } from './block-exchange.ts';
import { BlockFetcher } from './block-fetcher.ts';
import { BlockQueue, type QueuedBlock } from './block-queue.ts';
import { fetchBranch } from './fetch-branch.ts';
import { GossipPeer } from './gossip-peer.ts';
import { type BlockGossipEvent, type BlockGossipOptions, checkGossipOptions, type GossipChain } from './options.ts';
import { RecentHashes } from './recent-hashes.ts';

/**
 * Exchange of new blocks between all peers, for proof-of-authority and development chains.
 *
 * A new block goes whole to the square root of the peers that do not know it, and its hash to the others. A received block
 * is passed on in the same way: whole once header and body are valid, its hash after its import. Announced blocks and
 * unknown ancestors are requested from the peers that have them. All queues are bounded; peers that send invalid or
 * useless blocks are disconnected.
 */
export interface BlockGossip extends BlockExchange {
  /**
   * Sends a block that this node has made and imported.
   *
   * @param totalDifficulty sum of all difficulties up to the block, inclusive
   */
  broadcast(block: SealedBlock, totalDifficulty: bigint): void;
  /** Number of blocks that wait for their import, their bytes, and announced blocks that wait to be fetched. */
  pending(): { readonly blocks: number; readonly bytes: number; readonly announced: number };
  /** Drops all waiting blocks. Peers stay connected. Idempotent. */
  close(): void;
}

/** Time in which a peer has to deliver a block with its ancestors, in ms: once `fetchTimeout` of go-ethereum for each request. */
const fetchTimeout = 15_000;
/** Imported and invalid blocks that are not looked at again. */
const maxRecent = 1024;

/**
 * Creates an exchange of new blocks: an option of {@link eth}.
 *
 * @throws EthError `invalid-option`
 */
export function createBlockGossip(options: BlockGossipOptions): BlockGossip {
  checkGossipOptions(options);
  return new Gossip(options);
}

class Gossip implements BlockGossip {
  readonly #chain: GossipChain;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #maxDistance: number;
  readonly #onEvent: (event: BlockGossipEvent) => void;
  readonly #peers = new Set<GossipPeer>();
  readonly #fetcher: BlockFetcher<GossipPeer>;
  readonly #queue = new BlockQueue<GossipPeer>();
  readonly #done = new RecentHashes(maxRecent);
  #isImporting = false;
  #isClosed = false;

  constructor({ chain, clock = systemClock, random = randomBytes, ...options }: BlockGossipOptions) {
    this.#chain = chain;
    this.#clock = clock;
    this.#random = createRandomSource(random);
    this.#maxDistance = options.maxDistance ?? 32;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#fetcher = new BlockFetcher({
      clock,
      delay: options.fetchDelay ?? 100,
      fetch: (peer, announcement) => this.#fetch(peer, announcement),
      onMissing: (key) => {
        for (const { peer } of this.#queue.dropChildren(key)) peer.fault('unknownParent');
      },
    });
  }

  connected(eth: EthPeer, end: (error: EthError) => void): PeerBlocks {
    const peer = new GossipPeer(eth, end, this.#clock);
    this.#peers.add(peer);
    return {
      announced: (blocks) => {
        for (const block of blocks) this.#announced(peer, block);
      },
      received: (block) => this.#received(peer, block),
      disconnected: () => {
        peer.close();
        this.#peers.delete(peer);
        this.#fetcher.removePeer(peer);
      },
    };
  }

  broadcast(block: SealedBlock, totalDifficulty: bigint): void {
    if (this.#isClosed) return;
    this.#done.add(toHex(block.header.hash));
    this.#sendWhole(block, totalDifficulty);
    this.#announce(block.header);
  }

  pending(): { blocks: number; bytes: number; announced: number } {
    return { blocks: this.#queue.size, bytes: this.#queue.bytes, announced: this.#fetcher.size };
  }

  close(): void {
    this.#isClosed = true;
    this.#fetcher.clear();
    this.#queue.clear();
  }

  #announced(peer: GossipPeer, announcement: BlockAnnouncement): void {
    const { hash, number } = announcement;
    const key = toHex(hash);
    if (!peer.known.add(key, 'announced')) {
      peer.fault('uselessAnnouncement');
      return;
    }
    if (this.#isClosed || this.#done.has(key) || this.#queue.has(key)) return;
    if (!this.#isNear(number)) {
      peer.fault('uselessAnnouncement');
      this.#behind(peer, announcement);
      return;
    }
    // A copy: the hash is a view of its message.
    if (!this.#fetcher.add(peer, { hash: hash.slice(), number })) peer.fault('uselessAnnouncement');
  }

  #received(peer: GossipPeer, block: SealedBlock): void {
    const { number, hash } = block.header;
    const key = toHex(hash);
    if (!peer.known.add(key, 'received')) {
      peer.fault('repeatedBlock');
      return;
    }
    if (this.#isClosed || this.#done.has(key) || this.#queue.has(key)) return;
    if (!this.#isNear(number)) {
      peer.fault('uselessBlock');
      this.#behind(peer, block.header);
      return;
    }
    const entry = this.#queue.add(block, peer);
    if (entry === undefined) {
      peer.fault('uselessBlock');
      return;
    }
    this.#fetcher.remove(key);
    void this.#place(entry);
  }

  #isNear(number: number): boolean {
    return number > 0 && Math.abs(number - this.#chain.height()) <= this.#maxDistance;
  }

  #behind(peer: GossipPeer, { number, hash }: BlockAnnouncement): void {
    if (number > this.#chain.height()) this.#onEvent({ type: 'behind', peer: peer.eth, number, hash });
  }

  /** Finds the parent of a block: known, in the queue, or to be fetched from the sender of the block. */
  async #place(entry: QueuedBlock<GossipPeer>): Promise<void> {
    const { parentHash, number } = entry.block.header;
    const { parentKey, peer } = entry;
    const isKnown = await this.#isKnown(entry.block.header, parentHash, peer);
    if (this.#queue.get(entry.key) !== entry) return;
    if (isKnown) {
      entry.isReady = true;
      void this.#importReady();
    } else if (!this.#queue.has(parentKey)) {
      const isAdded = peer.isConnected && this.#fetcher.add(peer, { hash: parentHash, number: number - 1 }, true);
      if (!isAdded) this.#queue.drop(entry);
    }
  }

  /** Whether a block can be the parent of another one. */
  async #isKnown(block: BlockAnnouncement, hash: Uint8Array, peer: GossipPeer): Promise<boolean> {
    try {
      return (await this.#chain.totalDifficulty(hash)) !== undefined;
    } catch (error) {
      this.#failed(peer, block, error);
      return false;
    }
  }

  #failed(peer: GossipPeer, { number, hash }: BlockAnnouncement, error: unknown): void {
    this.#onEvent({ type: 'failed', peer: peer.eth, number, hash, error });
  }

  async #importReady(): Promise<void> {
    if (this.#isImporting) return;
    this.#isImporting = true;
    for (;;) {
      const entry = this.#isClosed ? undefined : this.#queue.next();
      if (entry === undefined) break;
      const { block, peer } = entry;
      try {
        await this.#import(entry);
      } catch (error) {
        this.#queue.drop(entry);
        this.#failed(peer, block.header, error);
      }
    }
    this.#isImporting = false;
  }

  async #import(entry: QueuedBlock<GossipPeer>): Promise<void> {
    const { block, peer, key } = entry;
    const { header } = block;
    const { number, hash } = header;
    const event = { peer: peer.eth, number, hash };
    const before = await this.#chain.totalDifficulty(header.parentHash);
    // After invalid blocks, the others of a peer that was disconnected for them are not executed.
    const isFromInvalid = !peer.isTrusted && !peer.isConnected;
    if (before === undefined || !this.#isNear(number) || isFromInvalid) {
      this.#queue.drop(entry);
      return;
    }
    const reason = await this.#chain.check(block);
    if (reason !== undefined) {
      this.#drop(entry);
      this.#onEvent({ ...event, type: 'invalid', reason });
      peer.breach(new EthError('invalid-block', `block ${number}: ${reason}`));
      return;
    }
    if (peer.isTrusted) this.#sendWhole(block, before + header.difficulty);
    const result = await this.#chain.import(block);
    switch (result) {
      case 'valid':
        peer.isTrusted = true;
        this.#done.add(key);
        this.#queue.imported(entry);
        this.#announce(header);
        this.#onEvent({ ...event, type: 'imported' });
        return;
      case 'invalid':
        peer.isTrusted = false;
        this.#done.add(key);
        this.#drop(entry);
        this.#onEvent({ ...event, type: 'invalid' });
        peer.fault('invalidExecution');
        return;
      case 'unavailable':
        this.#queue.drop(entry);
        this.#onEvent({ ...event, type: 'behind' });
        return;
    }
  }

  /** Removes an invalid block. Peers are not to be blamed for its descendants, which they may not have executed yet. */
  #drop(entry: QueuedBlock<GossipPeer>): void {
    for (const { key } of this.#queue.drop(entry)) this.#done.add(key);
  }

  /** Sends a block to the square root of the peers that do not know it. */
  #sendWhole({ header, body }: SealedBlock, totalDifficulty: bigint): void {
    const key = toHex(header.hash);
    const peers = [...this.#peers].filter((peer) => peer.wants(key, header.number));
    const count = Math.floor(Math.sqrt(peers.length));
    if (count === 0) return;
    const block: NewBlock = { block: encodeBlock(header.raw, body.raw), totalDifficulty };
    for (let i = 0; i < count; i++) {
      const [peer] = peers.splice(this.#random.below(peers.length), 1);
      peer?.send(key, block);
    }
  }

  /** Announces an imported block to the peers that do not know it. */
  #announce({ hash, number }: SealedHeader): void {
    const key = toHex(hash);
    for (const peer of this.#peers) {
      if (peer.wants(key, number)) peer.announce(key, { hash, number });
    }
  }

  /** Fetches a block, and its ancestors up to a known one, from a peer. */
  async #fetch(peer: GossipPeer, announcement: BlockAnnouncement): Promise<boolean> {
    const { hash } = announcement;
    const key = toHex(hash);
    if (!peer.isConnected) return false;
    if (this.#queue.has(key)) return true;
    if (await this.#isKnown(announcement, hash, peer)) {
      this.#queue.parentKnown(key);
      void this.#importReady();
      return true;
    }
    try {
      const branch = await withTimeout(this.#clock, fetchTimeout, (signal) =>
        fetchBranch(peer.eth, announcement, {
          maxLength: this.#maxDistance,
          needsAncestors: this.#queue.hasChildren(key),
          isKnown: (parent) => this.#isKnown(announcement, parent, peer),
          checkBody: (header, body) => this.#chain.checkBody(header, body),
          signal,
        }),
      );
      return this.#fetched(peer, announcement, branch);
    } catch (error) {
      this.#notFetched(peer, announcement, error);
      return false;
    }
  }

  /** @returns whether the block is not needed any more */
  #fetched(
    peer: GossipPeer,
    announcement: BlockAnnouncement,
    branch: Awaited<ReturnType<typeof fetchBranch>>,
  ): boolean {
    if (branch === 'missing') {
      peer.fault('undelivered');
      return false;
    }
    if (branch === 'too-long') {
      const [first, ...dropped] = this.#queue.dropChildren(toHex(announcement.hash)).map(({ block }) => block.header);
      const highest = dropped.reduce((one, other) => (other.number > (one?.number ?? 0) ? other : one), first);
      this.#behind(peer, highest ?? announcement);
      return true;
    }
    for (const block of branch) {
      const entry = this.#queue.add(block, peer);
      if (entry !== undefined) void this.#place(entry);
      else if (!this.#queue.has(toHex(block.header.hash))) return false;
    }
    return true;
  }

  #notFetched(peer: GossipPeer, announcement: BlockAnnouncement, error: unknown): void {
    if (!(error instanceof EthError || isTimeout(error))) this.#failed(peer, announcement, error);
    else if (error instanceof EthError && error.code === 'invalid-block') peer.breach(error);
    else peer.fault('undelivered');
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

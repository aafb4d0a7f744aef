import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { BlockAnnouncement } from '../wire/messages.ts';

/** Announced blocks of one peer that have not been fetched yet (go-ethereum, `hashLimit`). */
const maxWanted = 256;

/** Collaborators of a {@link BlockFetcher}. */
export interface BlockFetcherOptions<Peer> {
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  /** Time from the first announcement of a block to its request, in ms: the block itself may arrive before that. */
  readonly delay: number;
  /**
   * Fetches a block from a peer that has it. One call at a time runs for each peer.
   *
   * @param number as the peer has announced it
   * @returns whether the block has been found, or is not needed any more; otherwise the next peer is tried
   */
  readonly fetch: (peer: Peer, block: BlockAnnouncement) => Promise<boolean>;
  /** Called when no peer that has announced a block has delivered it. */
  readonly onMissing: (key: string) => void;
}

/** A block that is to be fetched. */
interface Wanted<Peer> {
  readonly key: string;
  readonly hash: Uint8Array;
  /** Peers that may have it, in the order of their announcements, each with the number that it has announced. */
  readonly sources: Map<Source<Peer>, number>;
  /** Monotonic time. */
  due: number;
  isFetching: boolean;
}

/** A peer that blocks are fetched from. */
interface Source<Peer> {
  readonly peer: Peer;
  /** Blocks to fetch from it, the first ones first. */
  readonly queue: Wanted<Peer>[];
  isBusy: boolean;
  timer: Timer | undefined;
}

/**
 * Decides which announced block is fetched from which peer, and when: from the first peer that has announced it, after a
 * delay, and from the next one if that fails. Each peer is asked for one block at a time.
 */
export class BlockFetcher<Peer> {
  readonly #options: BlockFetcherOptions<Peer>;
  /** By hex of the hash. */
  readonly #wanted = new Map<string, Wanted<Peer>>();
  readonly #sources = new Map<Peer, Source<Peer>>();

  constructor(options: BlockFetcherOptions<Peer>) {
    this.#options = options;
  }

  /** Number of blocks that are to be fetched or are being fetched. */
  get size(): number {
    return this.#wanted.size;
  }

  /**
   * Adds a peer that has a block.
   *
   * @param isUrgent whether the block is fetched without a delay
   * @returns `false` if too many blocks of the peer are waiting
   */
  add(peer: Peer, { hash, number }: BlockAnnouncement, isUrgent = false): boolean {
    const source = this.#sourceOf(peer);
    if (source.queue.length >= maxWanted) return false;
    const now = this.#options.clock.monotonic();
    const due = isUrgent ? now : now + this.#options.delay;
    const key = toHex(hash);
    const known = this.#wanted.get(key);
    const wanted = known ?? { key, hash, sources: new Map(), due, isFetching: false };
    wanted.due = Math.min(wanted.due, due);
    this.#wanted.set(key, wanted);
    if (!wanted.sources.has(source)) {
      wanted.sources.set(source, number);
      if (isUrgent) source.queue.unshift(wanted);
      else source.queue.push(wanted);
    }
    for (const each of wanted.sources.keys()) this.#schedule(each);
    return true;
  }

  /** Removes a block that has arrived. A running fetch is not ended. */
  remove(key: string): void {
    const wanted = this.#wanted.get(key);
    if (wanted !== undefined) this.#end(wanted);
  }

  /** Removes a peer that has disconnected. */
  removePeer(peer: Peer): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    this.#sources.delete(peer);
    source.timer?.cancel();
    for (const wanted of source.queue.splice(0)) {
      wanted.sources.delete(source);
      this.#tryOthers(wanted);
    }
  }

  /** Removes all blocks and peers. */
  clear(): void {
    for (const { timer } of this.#sources.values()) timer?.cancel();
    this.#sources.clear();
    this.#wanted.clear();
  }

  #sourceOf(peer: Peer): Source<Peer> {
    const known = this.#sources.get(peer);
    if (known !== undefined) return known;
    const source: Source<Peer> = { peer, queue: [], isBusy: false, timer: undefined };
    this.#sources.set(peer, source);
    return source;
  }

  /** Fetches the next block from a peer, or sets a timer for it. */
  #schedule(source: Source<Peer>): void {
    if (source.isBusy || this.#sources.get(source.peer) !== source) return;
    source.timer?.cancel();
    source.timer = undefined;
    const waiting = source.queue.filter((wanted) => !wanted.isFetching);
    if (waiting.length === 0) return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    const due = waiting.find((wanted) => wanted.due <= now);
    if (due !== undefined) {
      void this.#fetch(source, due);
      return;
    }
    const first = Math.min(...waiting.map((wanted) => wanted.due));
    source.timer = clock.setTimeout(() => this.#schedule(source), first - now);
  }

  async #fetch(source: Source<Peer>, wanted: Wanted<Peer>): Promise<void> {
    const number = wanted.sources.get(source) as number;
    source.isBusy = true;
    wanted.isFetching = true;
    const isFound = await this.#options.fetch(source.peer, { hash: wanted.hash, number }).catch(() => false);
    source.isBusy = false;
    wanted.isFetching = false;
    if (isFound) this.#end(wanted);
    else {
      wanted.sources.delete(source);
      remove(source.queue, wanted);
      this.#tryOthers(wanted);
    }
    this.#schedule(source);
  }

  #tryOthers(wanted: Wanted<Peer>): void {
    if (wanted.isFetching || this.#wanted.get(wanted.key) !== wanted) return;
    if (wanted.sources.size > 0) {
      for (const source of wanted.sources.keys()) this.#schedule(source);
      return;
    }
    this.#wanted.delete(wanted.key);
    this.#options.onMissing(wanted.key);
  }

  #end(wanted: Wanted<Peer>): void {
    if (this.#wanted.get(wanted.key) === wanted) this.#wanted.delete(wanted.key);
    for (const source of wanted.sources.keys()) remove(source.queue, wanted);
    wanted.sources.clear();
  }
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index !== -1) list.splice(index, 1);
}

import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { sleep } from '@devp2p/clock';
import { EthError, type EthPeer, type SealedHeader } from '@devp2p/eth';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import type { SyncPeer, SyncPeers } from '../../src/sync/peers.ts';

/** Faults of a peer. */
export interface Faults {
  /** Time from request to response, in ms. */
  readonly delay?: number;
  /** Additional time for each item, in ms. */
  readonly delayPerItem?: number;
  /** Maximum number of items of a response. */
  readonly most?: number;
  /** Has no bodies or receipts from this block on. */
  readonly completeTo?: number;
  /** Whether every request times out after 5 s. */
  readonly silent?: boolean;
  /** The part that it returns from another block. */
  readonly lies?: 'bodies' | 'receipts';
  readonly isStatic?: boolean;
  /** The network of its address. */
  readonly group?: string;
}

/** Peers with given blocks and faults. */
export class FakePeers implements SyncPeers {
  readonly staticsTried: Promise<void> = Promise.resolve();
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #peers: SyncPeer[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  list(): readonly SyncPeer[] {
    return this.#peers;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects a peer. */
  add(blocks: readonly CompleteBlock[], faults: Faults = {}): FakePeer {
    const peer = new FakePeer(blocks, faults, this.#clock, () => this.remove(peer));
    this.#peers = [...this.#peers, peer];
    this.#changed();
    return peer;
  }

  remove(peer: SyncPeer): void {
    this.#peers = this.#peers.filter((one) => one !== peer);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

class FakePeer implements SyncPeer {
  readonly asked = { headers: [] as number[], bodies: [] as number[], receipts: [] as number[] };
  readonly isStatic: boolean;
  readonly group: string | undefined;
  dropped = false;
  items = 0;
  readonly eth: EthPeer;
  /** Replaces its blocks without an announcement. */
  readonly grow: (blocks: readonly CompleteBlock[]) => void;

  readonly #drop: () => void;

  delivered(items: number): void {
    this.items += items;
  }

  constructor(blocks: readonly CompleteBlock[], faults: Faults, clock: Clock, drop: () => void) {
    this.isStatic = faults.isStatic ?? true;
    this.group = faults.group;
    this.#drop = drop;
    const byHash = new Map<string, CompleteBlock>();
    this.grow = (all) => {
      blocks = all;
      for (const block of all) byHash.set(toHex(block.header.hash), block);
    };
    this.grow(blocks);
    const head = blocks.at(-1)?.header as SealedHeader;
    const answer = async <T>(items: readonly T[], signal: AbortSignal | undefined): Promise<T[]> => {
      const { delay = 1, delayPerItem = 0, most = Number.POSITIVE_INFINITY } = faults;
      if (faults.silent === true) {
        await sleep(clock, 5_000, { signal });
        throw new EthError('timeout', 'no answer');
      }
      const given = items.slice(0, most);
      await sleep(clock, delay + delayPerItem * given.length, { signal });
      if (this.dropped) throw new EthError('disconnected', 'gone');
      return given;
    };
    const verified = async <T>(
      items: readonly T[],
      verify: ((item: T, index: number) => boolean | Promise<boolean>) | undefined,
      signal: AbortSignal | undefined,
    ): Promise<T[]> => {
      const given = await answer(items, signal);
      for (const [index, item] of given.entries()) {
        if ((await verify?.(item, index)) !== false) continue;
        this.dropped = true;
        drop();
        throw new EthError('invalid-response', 'does not match its block');
      }
      return given;
    };
    const complete = (hashes: readonly Uint8Array[]): CompleteBlock[] => {
      const found: CompleteBlock[] = [];
      for (const hash of hashes) {
        const block = byHash.get(toHex(hash));
        if (block === undefined) break;
        if (block.header.number > (faults.completeTo ?? Number.POSITIVE_INFINITY)) break;
        found.push(block);
      }
      return found;
    };
    const other = (block: CompleteBlock): CompleteBlock => blocks[block.header.number - 1] ?? block;
    this.eth = {
      id: new Uint8Array(64),
      version: 69,
      status: Promise.reject(new Error('unexpected use of status')),
      range: { earliest: 0, latest: head.number, latestHash: head.hash },
      responseTime: undefined,
      getHeaders: ({ origin, amount, reverse }, options) => {
        this.asked.headers.push(amount);
        const first = typeof origin === 'number' ? origin : byHash.get(toHex(origin))?.header.number;
        if (first === undefined || first >= blocks.length) return answer([], options?.signal);
        const wanted = reverse
          ? blocks.slice(Math.max(0, first - amount + 1), first + 1).reverse()
          : blocks.slice(first, first + amount);
        return answer(
          wanted.map(({ header }) => header),
          options?.signal,
        );
      },
      getBodies: (hashes, options) => {
        this.asked.bodies.push(hashes.length);
        const items = complete(hashes).map((block) => (faults.lies === 'bodies' ? other(block).body : block.body));
        return verified(items, options?.verify, options?.signal);
      },
      getReceipts: (requests, options) => {
        this.asked.receipts.push(requests.length);
        const items = complete(requests.map(({ hash }) => hash)).map((block) =>
          faults.lies === 'receipts' ? other(block).receipts : block.receipts,
        );
        return verified(items, options?.verify, options?.signal);
      },
      getPooledTransactions: async () => [],
      sendNewBlock: async () => {},
      sendNewBlockHashes: async () => {},
      sendTransactions: async () => {},
      announceTransactions: async () => {},
      transactions: () => {
        throw new Error('unexpected use of transactions');
      },
      info: () => 'handshake',
    };
    this.eth.status.catch(() => {});
  }

  async disconnect(): Promise<void> {
    this.dropped = true;
    this.#drop();
  }
}

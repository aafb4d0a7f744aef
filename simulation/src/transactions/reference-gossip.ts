import { fromHex, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type {
  EthPeer,
  GossipPool,
  PeerTransactions,
  PooledInfo,
  RawList,
  TransactionAnnouncement,
  TransactionExchange,
} from '@devp2p/eth';
import type { SeededRandom } from '@devp2p/random/seeded';
import { type Announcer, ReferenceFetcher } from './reference-fetcher.ts';

/** Figures of go-ethereum v1.17.10 (`eth/handler.go`, `eth/protocols/eth`). Lengths in bytes. */
const maxWhole = 4096;
const maxPack = 100 * 1024;
const maxAnnounced = maxPack / 32;
const importBatch = 128;

/** Collaborators of a {@link ReferenceGossip}. */
export interface ReferenceOptions {
  readonly pool: GossipPool;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: SeededRandom;
}

/**
 * A small model of go-ethereum's exchange of transactions, to compare ours with: whole to the ⌈√n⌉ peers with the lowest
 * keyed hash of peer and sender, the hash to the others, and its fetcher. The keyed hash is not SipHash, and limits that
 * only matter to a node under attack are left out.
 */
export class ReferenceGossip implements TransactionExchange {
  readonly #options: ReferenceOptions;
  readonly #fetcher: ReferenceFetcher;
  readonly #peers = new Set<Peer>();

  constructor(options: ReferenceOptions) {
    this.#options = options;
    this.#fetcher = new ReferenceFetcher(options.clock, options.random);
    options.pool.onPending((transactions) => this.#broadcast(transactions));
  }

  connected(eth: EthPeer, end: (error: unknown) => void): PeerTransactions {
    const peer: Peer = new Peer(eth, this.#options, {
      request: (keys) => void this.#request(peer, keys),
      drop: () => end(new Error('false announcement')),
    });
    this.#peers.add(peer);
    return {
      announced: (announcement) => this.#announced(peer, announcement),
      received: (list) => this.#received(peer, list),
      get: (hashes) => this.#options.pool.get(hashes),
      served: (hashes) => {
        for (const hash of hashes) peer.known.add(toHex(hash));
      },
      disconnected: () => {
        this.#peers.delete(peer);
        this.#fetcher.remove(peer.announcer);
      },
    };
  }

  close(): void {
    this.#fetcher.close();
    this.#peers.clear();
  }

  #announced(peer: Peer, { hashes, types, sizes }: TransactionAnnouncement): void {
    const items = [...hashes.keys()].flatMap((i) => {
      const key = toHex(hashes[i] as Uint8Array);
      const type = types[i] as number;
      peer.known.add(key);
      return this.#options.pool.wants(hashes[i] as Uint8Array, type) ? [{ key, type, size: sizes[i] as number }] : [];
    });
    this.#fetcher.announced(peer.announcer, items);
  }

  #received(peer: Peer, list: RawList): Promise<void> {
    return this.#import(peer, [...list]);
  }

  async #import(peer: Peer, transactions: readonly Uint8Array[]): Promise<void> {
    const { pool, crypto } = this.#options;
    const arrived = transactions.map((raw) => {
      const key = toHex(crypto.keccak256(raw));
      peer.known.add(key);
      return { key, type: (raw[0] as number) < 0xc0 ? (raw[0] as number) : 0, size: raw.length };
    });
    for (let at = 0; at < transactions.length; at += importBatch)
      await pool.add(transactions.slice(at, at + importBatch));
    this.#fetcher.arrived(arrived);
  }

  async #request(peer: Peer, keys: readonly string[]): Promise<void> {
    try {
      const found = await peer.eth.getPooledTransactions(keys.map(fromHex));
      this.#fetcher.answered(peer.announcer, new Set(found.map(({ hash }) => toHex(hash))));
      await this.#import(
        peer,
        found.map(({ transaction }) => transaction),
      );
    } catch {
      this.#fetcher.remove(peer.announcer);
    }
  }

  #broadcast(transactions: readonly PooledInfo[]): void {
    for (const info of transactions) {
      const key = toHex(info.hash);
      const receivers = info.size > maxWhole ? new Set() : this.#receivers(info.sender);
      for (const peer of this.#peers) {
        if (peer.known.has(key)) continue;
        peer.known.add(key);
        if (receivers.has(peer)) peer.send(info);
        else peer.announce(info);
      }
    }
  }

  #receivers(sender: Uint8Array): Set<Peer> {
    const count = Math.ceil(Math.sqrt(this.#peers.size));
    const word = new DataView(sender.buffer, sender.byteOffset).getUint32(0);
    const ranked = [...this.#peers].map((peer) => ({ peer, rank: mix(mix(word) ^ peer.salt) }));
    ranked.sort((a, b) => a.rank - b.rank);
    return new Set(ranked.slice(0, count).map(({ peer }) => peer));
  }
}

class Peer {
  readonly eth: EthPeer;
  readonly announcer: Announcer;
  readonly known = new Set<string>();
  /** Part of the keyed hash, which is of both ends of the link. */
  readonly salt: number;
  readonly #pool: GossipPool;
  readonly #whole: PooledInfo[] = [];
  readonly #hashes: PooledInfo[] = [];
  #isSending = false;
  #isAnnouncing = false;

  constructor(eth: EthPeer, { pool, random }: ReferenceOptions, announcer: Announcer) {
    this.eth = eth;
    this.announcer = announcer;
    this.salt = random.uint32();
    this.#pool = pool;
  }

  send(info: PooledInfo): void {
    this.#whole.push(info);
    if (!this.#isSending) void this.#sendAll();
  }

  announce(info: PooledInfo): void {
    this.#hashes.push(info);
    if (!this.#isAnnouncing) void this.#announceAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    await undefined;
    while (this.#whole.length > 0) {
      let length = 0;
      const hashes: Uint8Array[] = [];
      while (this.#whole.length > 0 && length < maxPack) {
        const { hash, size } = this.#whole.shift() as PooledInfo;
        hashes.push(hash);
        length += size;
      }
      const found = await this.#pool.get(hashes);
      await this.eth.sendTransactions(found.filter((one) => one !== undefined));
    }
    this.#isSending = false;
  }

  async #announceAll(): Promise<void> {
    this.#isAnnouncing = true;
    await undefined;
    while (this.#hashes.length > 0) {
      const next = this.#hashes.splice(0, maxAnnounced);
      await this.eth.announceTransactions({
        hashes: next.map(({ hash }) => hash),
        sizes: next.map(({ size }) => size),
        types: Uint8Array.from(next, ({ type }) => type),
      });
    }
    this.#isAnnouncing = false;
  }
}

/** The finalizer of MurmurHash3. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

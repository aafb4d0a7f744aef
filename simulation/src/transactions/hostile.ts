import { toHex } from '@devp2p/bytes';
import { type Clock, sleep } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { EthPeer, PeerTransactions, TransactionAnnouncement, TransactionExchange } from '@devp2p/eth';
import type { SeededRandom } from '@devp2p/random/seeded';

/**
 * What hostile peers do:
 * - `silent`: they read, and neither send nor answer;
 * - `lying`: they announce at once all that they hear of, half of them with false sizes or types, and serve nothing;
 * - `flooding`: they announce transactions that do not exist, and send ones whose senders cannot pay, again and again.
 */
export type Hostility = 'silent' | 'lying' | 'flooding';

/** Hashes in an announcement of a flooding peer, transactions in its messages, and the time between two of each in ms. */
const flood = { hashes: 512, transactions: 16, interval: 2000 };

/** Collaborators of a hostile node. */
export interface HostileOptions {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: SeededRandom;
  /** Transactions that no pool takes. */
  readonly useless: readonly Uint8Array[];
  /** Hashes of no transactions: more than are in an announcement. */
  readonly invented: readonly Uint8Array[];
  readonly signal: AbortSignal;
}

const never = (): Promise<never> => new Promise(() => {});

/** Creates the exchange of a hostile node, which serves nothing. */
export function createHostile(hostility: Hostility, options: HostileOptions): TransactionExchange {
  if (hostility === 'flooding') return { connected: (peer) => startFlood(peer, options) };
  if (hostility === 'lying') return new Liar(options);
  return { connected: () => silent };
}

const silent: PeerTransactions = {
  announced() {},
  received() {},
  get: never,
  served() {},
  disconnected() {},
};

class Liar implements TransactionExchange {
  readonly #peers = new Set<EthPeer>();
  readonly #heard = new Set<string>();
  readonly #falsehood: 'none' | 'size' | 'type';
  readonly #crypto: Crypto;

  constructor({ random, crypto }: HostileOptions) {
    this.#crypto = crypto;
    this.#falsehood = random.pick(['none', 'none', 'size', 'type'] as const) ?? 'none';
  }

  connected(peer: EthPeer): PeerTransactions {
    this.#peers.add(peer);
    return {
      ...silent,
      announced: (announcement) => this.#lie(announcement),
      received: (list) => {
        const transactions = [...list];
        this.#lie({
          hashes: transactions.map((raw) => this.#crypto.keccak256(raw)),
          sizes: transactions.map(({ length }) => length),
          types: Uint8Array.from(transactions, ([first = 0]) => (first < 0xc0 ? first : 0)),
        });
      },
      disconnected: () => void this.#peers.delete(peer),
    };
  }

  #lie({ hashes, sizes, types }: TransactionAnnouncement): void {
    const fresh = [...hashes.keys()].filter((i) => !this.#heard.has(toHex(hashes[i] as Uint8Array)));
    if (fresh.length === 0) return;
    for (const i of fresh) this.#heard.add(toHex(hashes[i] as Uint8Array));
    const announcement = {
      hashes: fresh.map((i) => hashes[i] as Uint8Array),
      sizes: fresh.map((i) => (sizes[i] as number) + (this.#falsehood === 'size' ? 100 : 0)),
      types: Uint8Array.from(fresh, (i) => (this.#falsehood === 'type' ? 1 : (types[i] as number))),
    };
    for (const peer of this.#peers) void peer.announceTransactions(announcement);
  }
}

function startFlood(peer: EthPeer, { clock, random, useless, invented, signal }: HostileOptions): PeerTransactions {
  const closing = new AbortController();
  const end = AbortSignal.any([signal, closing.signal]);
  const run = async (): Promise<void> => {
    let next = random.below(useless.length);
    await sleep(clock, random.fraction() * flood.interval, { signal: end });
    for (;;) {
      const start = random.below(invented.length - flood.hashes);
      await peer.announceTransactions({
        hashes: invented.slice(start, start + flood.hashes),
        sizes: new Array<number>(flood.hashes).fill(110),
        types: new Uint8Array(flood.hashes).fill(2),
      });
      await peer.sendTransactions(
        Array.from({ length: flood.transactions }, () => useless[next++ % useless.length] as Uint8Array),
      );
      await sleep(clock, flood.interval, { signal: end });
    }
  };
  run().catch((error: unknown) => {
    if (!end.aborted) throw error;
  });
  return { ...silent, disconnected: () => closing.abort() };
}

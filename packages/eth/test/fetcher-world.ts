import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { createRandomSource } from '@devp2p/random';
import { hashKey, hashOfKey } from '../src/gossip/transactions/hash-key.ts';
import { TransactionFetcher } from '../src/gossip/transactions/transaction-fetcher.ts';

/** 32 bytes that hold a number. */
export function hashOf(number: number): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, Math.imul(number + 1, 0x9e37_79b1));
  new DataView(hash.buffer).setUint32(28, number);
  return hash;
}

const numberOf = (key: string): number => new DataView(hashOfKey(key).buffer).getUint32(28);

/** Random bytes from a seed. */
export function seeded(seed: number): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    });
}

/** A fetcher on a virtual clock; transactions and peers are numbers and names. */
export interface FetcherWorld {
  readonly clock: VirtualClock;
  readonly fetcher: TransactionFetcher<string>;
  /** Requests in order: time, peer and transactions. */
  readonly requests: (readonly [time: number, peer: string, numbers: number[]])[];
  /** Peers whose announcement was false. */
  readonly liars: string[];
  /** Transactions that are not wanted. */
  readonly unwanted: Set<number>;
  /** @param type and size of all. @default 2 and 100 */
  announce(peer: string, numbers: readonly number[], type?: number, size?: number): number;
  /** Delivers transactions in a response, which the pool has seen at once. */
  respond(peer: string, numbers: readonly number[], invalid?: readonly number[]): void;
  /** Delivers blob transactions in a response, which the pool has refused without a look at their sidecars. */
  respondUnverified(peer: string, numbers: readonly number[], size: number): void;
  /** Delivers transactions unasked. */
  broadcast(peer: string, numbers: readonly number[], type?: number, size?: number): void;
}

export function createFetcherWorld(seed = 1): FetcherWorld {
  const clock = createVirtualClock();
  const start = clock.monotonic();
  const requests: FetcherWorld['requests'] = [];
  const liars: string[] = [];
  const unwanted = new Set<number>();
  const fetcher = new TransactionFetcher<string>({
    clock,
    random: createRandomSource(seeded(seed)),
    wants: (_, __, key) => !unwanted.has(numberOf(key)),
    request: (peer, keys) => requests.push([clock.monotonic() - start, peer, keys.map(numberOf)]),
    onFalse: (peer) => {
      liars.push(peer);
      fetcher.removePeer(peer);
    },
  });
  const keys = (numbers: readonly number[]): string[] => numbers.map((number) => hashKey(hashOf(number)));
  const arrivals = (numbers: readonly number[], type = 2, size = 100) =>
    keys(numbers).map((key) => ({ key, type, size }));
  return {
    clock,
    fetcher,
    requests,
    liars,
    unwanted,
    announce(peer, numbers, type = 2, size = 100) {
      return fetcher.announced(peer, {
        hashes: numbers.map(hashOf),
        types: new Uint8Array(numbers.length).fill(type),
        sizes: numbers.map(() => size),
      });
    },
    respond(peer, numbers, invalid = []) {
      fetcher.answered(peer, new Set(keys(numbers)));
      fetcher.settled(peer, arrivals(numbers), new Set(keys(invalid)));
      fetcher.finished(peer, keys(numbers));
    },
    respondUnverified(peer, numbers, size) {
      fetcher.answered(peer, new Set(keys(numbers)));
      fetcher.settled(
        peer,
        arrivals(numbers, 3, size).map((each) => ({ ...each, isUnverified: true })),
        new Set(),
      );
      fetcher.finished(peer, keys(numbers));
    },
    broadcast(peer, numbers, type, size) {
      fetcher.arrived(keys(numbers));
      fetcher.settled(peer, arrivals(numbers, type, size), new Set());
    },
  };
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

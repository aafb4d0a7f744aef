import { concatBytes, toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { RLP } from '@ethereumjs/rlp';
import {
  type AddOutcome,
  createTransactionGossip,
  encodePooledTransaction,
  type GossipPool,
  type PooledInfo,
  signTransaction,
  type TransactionAnnouncement,
  type TransactionGossip,
  type TransactionGossipOptions,
  transactionHash,
} from '../src/index.ts';
import { seeded } from './fetcher-world.ts';
import { filled } from './memory-chain.ts';
import { type Attack, type AttackOptions, attack } from './peers.ts';

const key = filled(32, 0x46);
const base = { chainId: 1n, gas: 21_000n, to: filled(20, 1), maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };

/** A signed transaction of type 2. @param length of its input in bytes */
export function transaction(nonce: number, length = 0): Uint8Array {
  return signTransaction({ ...base, nonce: BigInt(nonce), input: filled(length, 7) }, key, crypto);
}

/** A blob transaction with an empty sidecar, or with a number of proofs that no pool has verified. */
export function blobTransaction(nonce: number, proofs = 0): Uint8Array {
  const canonical = signTransaction(
    { ...base, type: 3, nonce: BigInt(nonce), maxFeePerBlobGas: 1n, blobVersionedHashes: [filled(32, 1)] },
    key,
    crypto,
  );
  return encodePooledTransaction(canonical, {
    version: 1,
    blobs: [],
    commitments: [],
    proofs: Array.from({ length: proofs }, () => filled(48, 1)),
  });
}

export const hashOf = (raw: Uint8Array): Uint8Array => transactionHash(raw, crypto);

function infoOf(raw: Uint8Array, sender = filled(20, 9)): PooledInfo {
  const first = raw[0] as number;
  return { hash: hashOf(raw), type: first < 0xc0 ? first : 0, size: raw.length, sender };
}

export function announcementOf(transactions: readonly Uint8Array[]): TransactionAnnouncement {
  const infos = transactions.map((each) => infoOf(each));
  return {
    types: Uint8Array.from(infos, ({ type }) => type),
    sizes: infos.map(({ size }) => size),
    hashes: infos.map(({ hash }) => hash),
  };
}

/** A pool that takes all that {@link outcome} allows. */
class TestPool implements GossipPool {
  readonly transactions = new Map<string, Uint8Array>();
  readonly listeners = new Set<(transactions: readonly PooledInfo[]) => void>();
  /** Lengths of the batches that were added, with their times. */
  readonly batches: (readonly [number: number, time: number])[] = [];
  readonly got: number[] = [];
  outcome: (transaction: Uint8Array) => AddOutcome = () => 'added';
  /** Awaited by each addition. */
  adding: Promise<void> = Promise.resolve();
  now: () => number = () => 0;

  wants(hash: Uint8Array, type: number): boolean {
    return type <= 4 && !this.has(hash);
  }

  has(hash: Uint8Array): boolean {
    return this.transactions.has(toHex(hash));
  }

  async get(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.got.push(hashes.length);
    return hashes.map((hash) => this.transactions.get(toHex(hash)));
  }

  async add(transactions: readonly Uint8Array[]): Promise<AddOutcome[]> {
    this.batches.push([transactions.length, this.now()]);
    await this.adding;
    return transactions.map((each) => {
      const outcome = this.outcome(each);
      if (outcome === 'added') this.transactions.set(toHex(hashOf(each)), each.slice());
      return outcome;
    });
  }

  *pending(): Generator<PooledInfo, void, undefined> {
    for (const each of this.transactions.values()) if (each[0] !== 3) yield infoOf(each);
  }

  onPending(listener: (transactions: readonly PooledInfo[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Adds local transactions, which are gossiped. */
  put(transactions: readonly Uint8Array[], sender?: Uint8Array): void {
    for (const each of transactions) this.transactions.set(toHex(hashOf(each)), each);
    for (const listener of this.listeners) listener(transactions.map((each) => infoOf(each, sender)));
  }
}

/** A gossip with a pool, and peers that send raw messages to it. */
export interface GossipWorld {
  readonly clock: VirtualClock;
  readonly pool: TestPool;
  readonly gossip: TransactionGossip;
  connect(options?: AttackOptions): Promise<Attack>;
}

export function createGossipWorld(options: Partial<TransactionGossipOptions> = {}): GossipWorld {
  const clock = createVirtualClock();
  const pool = new TestPool();
  const start = clock.monotonic();
  let peers = 1;
  pool.now = () => clock.monotonic() - start;
  const gossip = createTransactionGossip({ pool, clock, crypto, random: seeded(5), ...options });
  return {
    clock,
    pool,
    gossip,
    connect: (more) => attack({ transactions: gossip, clock, crypto, id: filled(64, ++peers), ...more }),
  };
}

/** Payload of a PooledTransactions message. */
export function pooled(requestId: bigint, transactions: readonly Uint8Array[]): Uint8Array {
  return RLP.encode([requestId, transactions.map((each) => ((each[0] as number) < 0xc0 ? each : RLP.decode(each)))]);
}

/** Payload of a Transactions message. */
export function list(transactions: readonly Uint8Array[]): Uint8Array {
  return RLP.encode(transactions.map((each) => ((each[0] as number) < 0xc0 ? each : RLP.decode(each))));
}

/** A typed transaction that no pool can decode. */
export const garbage = (byte: number): Uint8Array => concatBytes(Uint8Array.of(2), filled(20, byte));

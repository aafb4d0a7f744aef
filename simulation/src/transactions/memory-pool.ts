import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type AddOutcome, decodeTransaction, type GossipPool, type PooledInfo, recoverSender } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';

/** A pool of a simulated node. */
export interface SimulatedPool extends GossipPool {
  readonly size: number;
  /** Adds a transaction of a user of the node. */
  submit(transaction: Uint8Array): Promise<void>;
  close(): Promise<void> | void;
}

/** Transactions in a pool (go-ethereum: 6144 slots of 32 KiB). */
const maxTransactions = 6144;

interface Pooled {
  readonly info: PooledInfo;
  readonly raw: Uint8Array;
}

/**
 * Decodes transactions and recovers their senders, once for all nodes of the simulation. Its memory grows with the
 * transactions that are made, not with those that are sent.
 */
export class TransactionReader {
  readonly #crypto: Crypto;
  readonly #read = new Map<string, Pooled | undefined>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** @returns `undefined` without a valid signature @throws RlpError when it is malformed */
  read(raw: Uint8Array): Pooled | undefined {
    const hash = this.#crypto.keccak256(raw);
    const key = toHex(hash);
    if (this.#read.has(key)) return this.#read.get(key);
    const copy = raw.slice();
    const { type } = decodeTransaction(copy);
    const sender = recoverSender(copy, this.#crypto);
    const pooled = sender && { raw: copy, info: { hash, type, size: copy.length, sender } };
    this.#read.set(key, pooled);
    return pooled;
  }
}

/** A pool that takes transactions of funded accounts, without their order by nonce. Nothing leaves it. */
export class MemoryPool implements SimulatedPool {
  readonly #reader: TransactionReader;
  readonly #isFunded: (sender: Uint8Array) => boolean;
  readonly #transactions = new Map<string, Pooled>();
  readonly #listeners = new Set<(transactions: readonly PooledInfo[]) => void>();

  constructor(reader: TransactionReader, isFunded: (sender: Uint8Array) => boolean) {
    this.#reader = reader;
    this.#isFunded = isFunded;
  }

  get size(): number {
    return this.#transactions.size;
  }

  wants(hash: Uint8Array, type: number): boolean {
    return type <= 2 && !this.has(hash);
  }

  has(hash: Uint8Array): boolean {
    return this.#transactions.has(toHex(hash));
  }

  async get(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return hashes.map((hash) => this.#transactions.get(toHex(hash))?.raw);
  }

  async add(transactions: readonly Uint8Array[]): Promise<AddOutcome[]> {
    const added: PooledInfo[] = [];
    const outcomes = transactions.map((each) => this.#add(each, added));
    if (added.length > 0) for (const listener of this.#listeners) listener(added);
    return outcomes;
  }

  async submit(transaction: Uint8Array): Promise<void> {
    const [outcome] = await this.add([transaction]);
    if (outcome !== 'added') throw new Error(`a transaction was not added: ${outcome}`);
  }

  *pending(): Generator<PooledInfo, void, undefined> {
    for (const { info } of this.#transactions.values()) yield info;
  }

  onPending(listener: (transactions: readonly PooledInfo[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }

  #add(raw: Uint8Array, added: PooledInfo[]): AddOutcome {
    try {
      const pooled = this.#reader.read(raw);
      if (pooled === undefined || !this.#isFunded(pooled.info.sender)) return 'refused';
      const key = toHex(pooled.info.hash);
      if (this.#transactions.has(key)) return 'known';
      if (this.#transactions.size >= maxTransactions) return 'full';
      this.#transactions.set(key, pooled);
      added.push(pooled.info);
      return 'added';
    } catch (error) {
      if (!(error instanceof RlpError)) throw error;
      return 'invalid';
    }
  }
}

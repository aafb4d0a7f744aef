import { toHex } from '@devp2p/bytes';
import { type Clock, sleep } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { RlpError } from '@devp2p/rlp';
import { EthError } from '../../error.ts';
import { blobType } from '../../types/decode-transaction.ts';
import { transactionHash } from '../../types/transaction.ts';
import type { AddOutcome, GossipPool } from './gossip-pool.ts';
import { hashKey } from './hash-key.ts';
import type { KnownHashes } from './known-hashes.ts';
import type { PeerStats } from './stats.ts';
import type { Arrival } from './transaction-fetcher.ts';
import type { Underpriced } from './underpriced.ts';

/** Transactions that are added at once, and the delay after many refused ones in ms (go-ethereum). */
const batchLength = 128;
const refusedDelay = 200;

/** Collaborators of the importers of all peers. */
export interface ImportContext {
  readonly pool: Pick<GossipPool, 'add' | 'has'>;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly underpriced: Underpriced;
}

/** A transaction of a peer in network form. */
export interface Received {
  readonly transaction: Uint8Array;
  /** If it is known already. */
  readonly hash?: Uint8Array | undefined;
}

/** A transaction on its way into the pool. */
interface Incoming extends Arrival, Received {
  readonly hash: Uint8Array;
  isUnverified: boolean;
}

/** Callbacks of an {@link TransactionImporter}, which return at once. */
export interface ImportEvents {
  /** Called before the transactions of a batch are added to the pool. */
  arrived(batch: readonly Arrival[]): void;
  /** Called when the pool has seen a batch. */
  settled(batch: readonly Arrival[], invalid: ReadonlySet<string>): void;
  /** Called with the hashes of transactions that the pool has accepted. */
  accepted(hashes: readonly Uint8Array[]): void;
}

/** Adds the transactions of one peer to the pool, batch after batch. */
export class TransactionImporter {
  readonly #context: ImportContext;
  readonly #known: KnownHashes;
  readonly #stats: PeerStats;
  readonly #signal: AbortSignal;
  /** Settles after the last import. */
  #turn: Promise<void> = Promise.resolve();
  /** Monotonic time before which no batch is added. */
  #notBefore = Number.NEGATIVE_INFINITY;

  /** @param signal of the peer: ends imports */
  constructor(context: ImportContext, known: KnownHashes, stats: PeerStats, signal: AbortSignal) {
    this.#context = context;
    this.#known = known;
    this.#stats = stats;
    this.#signal = signal;
  }

  /**
   * Adds transactions to the pool after earlier ones of the peer.
   *
   * @returns resolves when the pool has seen them all
   * @throws EthError `invalid-transactions`, a breach of the peer; the error of a pool that fails
   */
  import(transactions: readonly Received[], events: ImportEvents): Promise<void> {
    const done = this.#turn.then(() => this.#importAll(transactions, events));
    this.#turn = done.catch(() => {});
    return done;
  }

  async #importAll(transactions: readonly Received[], events: ImportEvents): Promise<void> {
    const seen = new Set<string>();
    for (let at = 0; at < transactions.length && !this.#signal.aborted; at += batchLength) {
      const { clock } = this.#context;
      const delay = this.#notBefore - clock.monotonic();
      if (delay > 0) await sleep(clock, delay, { signal: this.#signal });
      const batch = transactions.slice(at, at + batchLength).map((received) => this.#inspect(received, seen));
      events.arrived(batch);
      const invalid = await this.#importBatch(batch, events);
      if (invalid === undefined) continue;
      throw new EthError('invalid-transactions', `transaction 0x${toHex(invalid)} is invalid`);
    }
  }

  /** @throws EthError `invalid-transactions` when the hash of the transaction is among those seen */
  #inspect({ transaction, hash: known }: Received, seen: Set<string>): Incoming {
    const hash = known ?? this.#hash(transaction);
    const key = hashKey(hash);
    if (seen.has(key)) {
      throw new EthError('invalid-transactions', `transaction 0x${toHex(hash)} twice in one message`);
    }
    seen.add(key);
    this.#known.add(hash);
    const first = transaction[0] as number;
    const type = first < 0xc0 ? first : 0;
    return { transaction, hash, key, type, size: transaction.length, isUnverified: type === blobType };
  }

  #hash(transaction: Uint8Array): Uint8Array {
    try {
      return transactionHash(transaction, this.#context.crypto);
    } catch (cause) {
      if (!(cause instanceof RlpError)) throw cause;
      throw new EthError('invalid-transactions', `malformed blob transaction: ${cause.message}`, { cause });
    }
  }

  /** @returns hash of an invalid transaction */
  async #importBatch(batch: readonly Incoming[], events: ImportEvents): Promise<Uint8Array | undefined> {
    const { pool, clock, underpriced } = this.#context;
    const added = batch.filter(({ hash }) => !pool.has(hash));
    let outcomes: readonly AddOutcome[] = [];
    const invalid = new Set<string>();
    try {
      if (added.length > 0) outcomes = await pool.add(added.map(({ transaction }) => transaction));
    } finally {
      for (const [i, each] of added.entries()) {
        if (outcomes[i] === 'invalid') invalid.add(each.key);
        if (outcomes[i] === 'added') each.isUnverified = false;
      }
      events.settled(batch, invalid);
    }
    for (let i = added.length; i < batch.length; i++) this.#stats.addOutcome('known');
    const accepted: Uint8Array[] = [];
    let refused = 0;
    for (const [i, { key, hash }] of added.entries()) {
      const outcome = outcomes[i] ?? 'refused';
      this.#stats.addOutcome(outcome);
      if (outcome === 'added') accepted.push(hash);
      else if (outcome === 'underpriced') underpriced.add(key);
      else if (outcome !== 'known') refused++;
    }
    if (4 * refused > batch.length) this.#notBefore = clock.monotonic() + refusedDelay;
    if (accepted.length > 0) events.accepted(accepted);
    return added.find(({ key }) => invalid.has(key))?.hash;
  }
}

import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { CanonicalChain, ChainRules, StateView } from '../chain/interfaces.ts';
import { DevError } from '../errors/dev-error.ts';
import type { TransactionErrorCode } from '../errors/transaction-error.ts';
import type { BuiltBlock } from '../execution/build-request.ts';
import type { Log } from '../logging/log.ts';
import type { BlockConditions, PendingTransaction } from '../txpool/transaction-source.ts';
import { checkGiven, type GivenTransaction } from './check-given.ts';
import { isOfFullBlock, type WaitingTransactions } from './waiting-transactions.ts';

/** Transactions that wait for a block. */
const maxTransactions = 10_000;
/** Their bytes. */
const maxBytes = 32 * 1024 * 1024;

/** @see TransactionQueue */
export interface TransactionQueueOptions {
  readonly chain: Pick<CanonicalChain, 'head'> & ChainRules & Pick<StateView, 'account'>;
  readonly crypto: Crypto;
  readonly log: Log;
}

/**
 * Transactions of a program with a chain inside of it, which has no pool: any transaction that a block may include is
 * taken, also one without a tip, and a blob transaction without its blobs.
 */
export class TransactionQueue implements WaitingTransactions {
  readonly #options: TransactionQueueOptions;
  /** By hex of sender and nonce, in the order of their arrival. */
  readonly #waiting = new Map<string, GivenTransaction>();
  readonly #listeners = new Set<() => void>();
  #bytes = 0;

  constructor(options: TransactionQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a transaction. It replaces one of the same sender with the same nonce. */
  async add(raw: Uint8Array): Promise<Uint8Array> {
    const { chain, crypto } = this.#options;
    const given = checkGiven(raw, chain.head, chain.genesis.config, crypto);
    const { nonce = 0n, balance = 0n } = (await chain.account(given.sender)) ?? {};
    checkNonce(given.nonce, nonce);
    if (balance < given.cost) throw refused('balance', `balance of the sender is ${balance}, less than ${given.cost}`);
    const key = keyOf(given);
    this.#remove(key);
    const bytes = this.#bytes + given.raw.length;
    if (this.#waiting.size >= maxTransactions || bytes > maxBytes) {
      throw new DevError('queue-full', `${this.#waiting.size} transactions wait for a block`);
    }
    this.#waiting.set(key, given);
    this.#bytes = bytes;
    for (const listener of [...this.#listeners]) listener();
    return given.hash;
  }

  async pending({ sidecarVersion }: BlockConditions): Promise<readonly PendingTransaction[]> {
    return [...this.#waiting.values()].map(({ blobs, ...one }) =>
      blobs === undefined ? one : { ...one, blobs: { ...blobs, version: sidecarVersion } },
    );
  }

  onPending(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async settle({ included, refused: failed }: BuiltBlock, tried: readonly PendingTransaction[]): Promise<void> {
    const { chain, log } = this.#options;
    for (const position of included) this.#removeOne(tried[position] as PendingTransaction);
    for (const { position, code, reason } of failed) {
      if (included.length > 0 && isOfFullBlock(code)) continue;
      const one = tried[position] as PendingTransaction;
      const account = code === 'transaction-nonce' ? await chain.account(one.sender) : undefined;
      // One with a higher nonce waits for those before it.
      if (account !== undefined && one.nonce > account.nonce) continue;
      this.#removeOne(one);
      log.warn({ transaction: one.hash, code, reason }, 'a transaction was dropped');
    }
  }

  /** Removes a transaction, unless another one has replaced it. */
  #removeOne(one: PendingTransaction): void {
    const key = keyOf(one);
    if (this.#waiting.get(key)?.raw === one.raw) this.#remove(key);
  }

  #remove(key: string): void {
    const old = this.#waiting.get(key);
    if (old === undefined) return;
    this.#waiting.delete(key);
    this.#bytes -= old.raw.length;
  }
}

/**
 * Checks a nonce, which may be higher than that of the account.
 *
 * @param next nonce of the account
 * @throws DevError `transaction-refused`
 */
function checkNonce(nonce: bigint, next: bigint): void {
  if (nonce < next) throw refused('transaction-nonce', `nonce ${nonce} is below that of the sender, ${next}`);
  if (nonce - next >= maxTransactions) {
    throw refused('transaction-nonce', `nonce ${nonce} is too far above that of the sender, ${next}`);
  }
}

function refused(transaction: TransactionErrorCode, message: string): DevError {
  return new DevError('transaction-refused', message, { transaction });
}

function keyOf({ sender, nonce }: PendingTransaction): string {
  return `${toHex(sender)} ${nonce}`;
}

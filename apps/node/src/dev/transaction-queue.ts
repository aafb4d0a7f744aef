import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { recoverSender, type SealedHeader, type Transaction } from '@devp2p/eth';
import type { Account } from '../chain/interfaces.ts';
import { DevError } from '../errors/dev-error.ts';
import { TransactionError, type TransactionErrorCode } from '../errors/transaction-error.ts';
import type { Candidate } from '../execution/build-request.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { decodeTransaction } from '../validation/decode-transaction.ts';
import { gasPerBlob } from '../validation/fees.ts';
import { checkTransaction, transactionLimits } from '../validation/transaction.ts';

/** Transactions that wait for a block. */
const maxTransactions = 10_000;
/** Their bytes. */
const maxBytes = 32 * 1024 * 1024;

/** @see TransactionQueue */
export interface TransactionQueueOptions {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
}

/** A transaction that waits for a block. */
export interface WaitingTransaction extends Candidate {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly nonce: bigint;
  /** The most that it takes from its sender, in wei. */
  readonly cost: bigint;
}

/** Transactions that were handed over and are not part of a block yet. */
export class TransactionQueue {
  readonly #options: TransactionQueueOptions;
  /** By hex of sender and nonce, in the order of their arrival. */
  readonly #waiting = new Map<string, WaitingTransaction>();
  #bytes = 0;

  constructor(options: TransactionQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Checks a transaction by the rules that need no state.
   *
   * @param given in canonical form
   * @param head the last block
   * @throws DevError `transaction-refused`
   */
  check(given: Uint8Array, { number, timestamp, gasLimit }: SealedHeader): WaitingTransaction {
    const { config, crypto } = this.#options;
    try {
      const raw = given.slice();
      const transaction = decodeTransaction(raw);
      const { nonce, chainId } = transaction;
      checkTransaction(raw, transactionLimits(config, { number: number + 1, timestamp: timestamp + 1, gasLimit }));
      if (chainId !== undefined && chainId !== config.chainId) {
        throw new TransactionError('chain-id', `chain id ${chainId}, not ${config.chainId}`);
      }
      const sender = recoverSender(raw, crypto);
      if (sender === undefined) throw new TransactionError('signature', 'the signature is invalid');
      return { raw, sender, nonce, hash: crypto.keccak256(raw), cost: costOf(transaction) };
    } catch (cause) {
      if (!(cause instanceof TransactionError)) throw cause;
      throw new DevError('transaction-refused', cause.message, { cause, transaction: cause.code });
    }
  }

  /**
   * Adds a checked transaction. It replaces one of the same sender with the same nonce.
   *
   * @throws DevError `queue-full`
   */
  add(transaction: WaitingTransaction): void {
    const key = keyOf(transaction);
    this.#remove(key);
    const bytes = this.#bytes + transaction.raw.length;
    if (this.#waiting.size >= maxTransactions || bytes > maxBytes) {
      throw new DevError('queue-full', `${this.#waiting.size} transactions wait for a block`);
    }
    this.#waiting.set(key, transaction);
    this.#bytes = bytes;
  }

  /** The transactions in the order of their arrival, but those of each sender by nonce. */
  list(): WaitingTransaction[] {
    const senders = new Map<string, WaitingTransaction[]>();
    for (const waiting of this.#waiting.values()) {
      const key = toHex(waiting.sender);
      const list = senders.get(key) ?? [];
      senders.set(key, list);
      list.push(waiting);
    }
    for (const list of senders.values()) list.sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
    return [...this.#waiting.values()].map(({ sender }) => senders.get(toHex(sender))?.shift() as WaitingTransaction);
  }

  /** Removes a transaction that is part of a block, or never can be. */
  remove(transaction: WaitingTransaction): void {
    const key = keyOf(transaction);
    if (this.#waiting.get(key) === transaction) this.#remove(key);
  }

  #remove(key: string): void {
    const old = this.#waiting.get(key);
    if (old === undefined) return;
    this.#waiting.delete(key);
    this.#bytes -= old.raw.length;
  }
}

/**
 * Checks a transaction with the account of its sender. Its nonce may be higher than that of the account.
 *
 * @throws DevError `transaction-refused`
 */
export function checkSender({ nonce, cost }: WaitingTransaction, account: Account | undefined): void {
  const { nonce: next = 0n, balance = 0n } = account ?? {};
  if (nonce < next) throw refused('transaction-nonce', `nonce ${nonce} is below that of the sender, ${next}`);
  if (nonce - next >= maxTransactions) {
    throw refused('transaction-nonce', `nonce ${nonce} is too far above that of the sender, ${next}`);
  }
  if (balance < cost) throw refused('balance', `balance of the sender is ${balance}, less than ${cost}`);
}

function refused(transaction: TransactionErrorCode, message: string): DevError {
  return new DevError('transaction-refused', message, { transaction });
}

function costOf(transaction: Transaction): bigint {
  const { gas, value, gasPrice, maxFeePerGas, maxFeePerBlobGas = 0n, blobVersionedHashes = [] } = transaction;
  const blobs = BigInt(blobVersionedHashes.length * gasPerBlob);
  return gas * (maxFeePerGas ?? gasPrice ?? 0n) + value + blobs * maxFeePerBlobGas;
}

function keyOf({ sender, nonce }: WaitingTransaction): string {
  return `${toHex(sender)} ${nonce}`;
}

import type { Crypto } from '@devp2p/crypto';
import { type RawList, recoverSender, type SealedHeader, transactionHash } from '@devp2p/eth';

/** Hash and sender of a transaction. */
export interface TransactionIdentity {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
}

/** Memory in bytes for the transactions of recent blocks: some 100,000 of them. */
const defaultMaxBytes = 8 * 1024 * 1024;
const hashLength = 32;
const senderLength = 20;
const entryLength = hashLength + senderLength;
const withHash = 1;
const withSender = 2;
/** Memory in bytes of a block besides its transactions: key, map entry and typed arrays. */
const blockOverhead = 512;

interface KnownBlock {
  /** Hash and sender of each transaction. */
  readonly entries: Uint8Array;
  /** The parts of each entry that have been computed. */
  readonly known: Uint8Array;
}

/**
 * Hashes and senders of transactions by the hash of their block, which fixes them. Those of the blocks that were asked
 * for last are kept.
 */
export class TransactionIdentities {
  readonly #crypto: Crypto;
  readonly #maxBytes: number;
  readonly #blocks = new Map<string, KnownBlock>();
  #bytes = 0;

  /** @param maxBytes memory for the blocks; the one asked for last is kept in any case. @default 8 MiB */
  constructor(crypto: Crypto, maxBytes: number = defaultMaxBytes) {
    this.#crypto = crypto;
    this.#maxBytes = maxBytes;
  }

  /** Memory of the blocks in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The hash of a transaction of a block. @param transactions of the block, in canonical form */
  hash({ hash }: Pick<SealedHeader, 'hash'>, transactions: RawList, index: number): Uint8Array {
    const { entries, known } = this.#block(hash, transactions.length);
    const start = index * entryLength;
    const part = entries.subarray(start, start + hashLength);
    if (((known[index] as number) & withHash) === 0) {
      part.set(transactionHash(transactions.at(index), this.#crypto));
      known[index] = (known[index] as number) | withHash;
    }
    return part;
  }

  /**
   * The account that signed a transaction of a block; zeros when its signature is invalid. Without execution a block's
   * signatures are not checked before it is stored.
   *
   * @param transactions of the block, in canonical form
   */
  sender({ hash }: Pick<SealedHeader, 'hash'>, transactions: RawList, index: number): Uint8Array {
    const { entries, known } = this.#block(hash, transactions.length);
    const start = index * entryLength + hashLength;
    const part = entries.subarray(start, start + senderLength);
    if (((known[index] as number) & withSender) === 0) {
      const sender = recoverSender(transactions.at(index), this.#crypto);
      if (sender !== undefined) part.set(sender);
      known[index] = (known[index] as number) | withSender;
    }
    return part;
  }

  /** Both of them. */
  of(header: Pick<SealedHeader, 'hash'>, transactions: RawList, index: number): TransactionIdentity {
    return { hash: this.hash(header, transactions, index), sender: this.sender(header, transactions, index) };
  }

  #block(hash: Uint8Array, count: number): KnownBlock {
    const key = Buffer.prototype.latin1Slice.call(hash, 0, hash.length);
    const kept = this.#blocks.get(key);
    if (kept !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, kept);
      return kept;
    }
    const block = { entries: new Uint8Array(count * entryLength), known: new Uint8Array(count) };
    this.#blocks.set(key, block);
    this.#bytes += sizeOf(block);
    for (const [oldest, dropped] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes || dropped === block) break;
      this.#blocks.delete(oldest);
      this.#bytes -= sizeOf(dropped);
    }
    return block;
  }
}

function sizeOf({ entries, known }: KnownBlock): number {
  return entries.length + known.length + blockOverhead;
}

import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';
import { BlockError, ChainError } from '../../errors/chain-error.ts';
import type { BlockRules } from '../../validation/block.ts';
import type { BlockImporter, CanonicalChain, HeaderReader } from '../interfaces.ts';
import {
  decodeBlock,
  decodeReceiptsRecord,
  type FileBlock,
  isReceiptsRecord,
  type ReceiptsRecord,
  receiptsRecordHash,
} from './block-rlp.ts';

/** The parts of a chain that an import uses. */
export type ImportingChain = Omit<CanonicalChain, 'onHead' | 'totalDifficulty'> &
  Pick<HeaderReader, 'header'> &
  Pick<BlockRules, 'checkReceipts' | 'checkAccessList'> &
  Pick<BlockImporter, 'append' | 'addReceipts' | 'addAccessLists'>;

/** Progress of an import. */
export interface ImportCounts {
  /** Number of the last block whose block or receipts were read; before the first, of the head. */
  readonly number: number;
  /** Number of added blocks. */
  readonly added: number;
  /** Number of blocks that were stored before. */
  readonly known: number;
  /** Number of blocks with added receipts. */
  readonly receipts: number;
  /** Gas of the added blocks. */
  readonly gas: number;
}

/** Approximate size of a batch, in bytes. */
const maxBytes = 4 * 1024 * 1024;
/** Gas of a batch, which limits the time of its execution to seconds. */
const maxGas = 300_000_000;

/** Receipts, which were read after `after` new blocks of the batch. */
interface Receipts {
  readonly after: number;
  readonly record: ReceiptsRecord;
}

/** A block access list of a stored block; `after` as in {@link Receipts}. */
interface AccessList {
  readonly after: number;
  readonly number: number;
  readonly accessList: Uint8Array;
}

/**
 * Items of a chain file that were read and not written yet. The result does not depend on the batches: each item is
 * checked as if all items before it had been written.
 */
export class ImportBatch {
  counts: ImportCounts;
  readonly #chain: ImportingChain;
  readonly #crypto: Crypto;
  readonly #maxItems: number;
  #blocks: FileBlock[] = [];
  #receipts: Receipts[] = [];
  #accessLists: AccessList[] = [];
  #bytes = 0;
  #gas = 0;

  /** @param maxItems of one batch */
  constructor(chain: ImportingChain, crypto: Crypto, maxItems: number) {
    this.#chain = chain;
    this.#crypto = crypto;
    this.#maxItems = maxItems;
    this.counts = { number: chain.head.number, added: 0, known: 0, receipts: 0, gas: 0 };
  }

  get full(): boolean {
    const items = this.#blocks.length + this.#receipts.length + this.#accessLists.length;
    return items >= this.#maxItems || this.#bytes >= maxBytes || this.#gas >= maxGas;
  }

  /**
   * Adds a block or receipts.
   *
   * @throws BlockError, RlpError; ChainError `unknown-block`
   */
  async add(item: Uint8Array): Promise<void> {
    this.#bytes += item.length;
    if (isReceiptsRecord(item)) await this.#addReceipts(item);
    else await this.#addBlock(decodeBlock(item, this.#crypto));
  }

  async #addBlock(block: FileBlock): Promise<void> {
    const { header, accessList } = block;
    const { number } = header;
    const { number: tip } = this.#blocks.at(-1)?.header ?? this.#chain.head;
    if (number > tip + 1) {
      throw new BlockError('unknown-parent', number, `the chain ends at ${tip}`);
    }
    if (number === tip + 1) {
      this.#blocks.push(block);
      this.#gas += header.gasUsed;
    } else {
      await this.#checkKnown(header);
      if (accessList !== undefined) {
        this.#chain.checkAccessList(header, accessList);
        this.#accessLists.push({ after: this.#blocks.length, number, accessList });
      }
      this.counts = { ...this.counts, known: this.counts.known + 1 };
    }
    this.counts = { ...this.counts, number };
  }

  async #checkKnown({ number, hash }: SealedHeader): Promise<void> {
    const first = this.#blocks[0]?.header.number ?? number + 1;
    const pending = this.#blocks[number - first]?.header.hash;
    const ours = pending ?? (await this.#chain.hashAt(number));
    if (ours !== undefined && equalBytes(ours, hash)) return;
    const reason = `is 0x${toHex(hash)} in the file, but the chain has 0x${toHex(ours ?? hash)}`;
    throw new BlockError('other-chain', number, reason);
  }

  async #addReceipts(item: Uint8Array): Promise<void> {
    const header = await this.#find(receiptsRecordHash(item));
    let record: ReceiptsRecord;
    try {
      record = decodeReceiptsRecord(item);
    } catch (cause) {
      if (header === undefined || !(cause instanceof RlpError)) throw cause;
      throw new BlockError('malformed', header.number, `receipts: ${cause.message}`, { cause });
    }
    if (header === undefined) {
      throw new ChainError(
        'unknown-block',
        `receipts of block 0x${toHex(record.hash)}, which is not on the chain: import the block first`,
      );
    }
    this.#chain.checkReceipts(header, record.receipts);
    this.#receipts.push({ after: this.#blocks.length, record });
    this.counts = { ...this.counts, number: header.number };
  }

  async #find(hash: Uint8Array): Promise<SealedHeader | undefined> {
    const pending = this.#blocks.find(({ header }) => equalBytes(header.hash, hash));
    if (pending !== undefined) return pending.header;
    const number = await this.#chain.numberOf(hash);
    return number === undefined ? undefined : this.#chain.header(number);
  }

  /**
   * Writes the items and clears the batch.
   *
   * @throws BlockError for the first block that breaks a rule; items before it are kept, items after it are not
   */
  async write(): Promise<void> {
    const [blocks, receipts, accessLists] = [this.#blocks, this.#receipts, this.#accessLists];
    this.#blocks = [];
    this.#receipts = [];
    this.#accessLists = [];
    this.#bytes = 0;
    this.#gas = 0;
    const add = async (valid: number): Promise<void> => {
      const early = ({ after }: { after: number }): boolean => after <= valid;
      const records = receipts.filter(early).map(({ record }) => record);
      if (records.length > 0) await this.#chain.addReceipts(records);
      const lists = accessLists.filter(early);
      if (lists.length > 0) await this.#chain.addAccessLists(lists);
      this.counts = {
        ...this.counts,
        added: this.counts.added + valid,
        gas: blocks.slice(0, valid).reduce((sum, { header }) => sum + header.gasUsed, this.counts.gas),
        receipts: this.counts.receipts + records.length,
      };
    };
    try {
      await this.#chain.append(blocks);
    } catch (error) {
      if (error instanceof BlockError && blocks[0] !== undefined) {
        await add(error.number - blocks[0].header.number);
      }
      throw error;
    }
    await add(blocks.length);
  }
}

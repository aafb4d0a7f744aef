import { toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { SealedHeader } from '@devp2p/eth';
import { checkRequiredBlock, type RequiredBlocks } from '../../src/chain/required-blocks.ts';
import type { BlockRef } from '../../src/storage/schema.ts';
import type { Segment } from '../../src/storage/sync-progress.ts';
import type { CompleteBlock, DownloadedBlock, SyncChain } from '../../src/sync/chain.ts';
import { createBlockRules } from '../../src/validation/block.ts';
import { blocks, genesis } from './demo-blocks.ts';

/** A chain in memory that counts writes, and is kept when a sync ends. */
export class MemoryChain implements SyncChain {
  readonly isExecuting = false;
  readonly catchUp = undefined;
  readonly blocks: CompleteBlock[];
  readonly batches: number[] = [];
  readonly #rules = createBlockRules(genesis.config, fastCrypto);
  readonly #headers = new Map<number, SealedHeader>();
  #segments: readonly Segment[] = [];
  headersWritten = 0;
  required: RequiredBlocks = new Map();

  constructor(first: readonly CompleteBlock[] = blocks.slice(0, 1)) {
    this.blocks = [...first];
  }

  readonly syncProgress: SyncChain['syncProgress'] = {
    segments: async () => this.#segments,
    write: async (headers, segments) => {
      for (const header of headers) this.#headers.set(header.number, header);
      this.headersWritten += headers.length;
      this.#segments = segments;
    },
    headers: async (from, count) => {
      const found: SealedHeader[] = [];
      for (let number = from; number < from + count; number++) {
        const header = this.#headers.get(number);
        if (header === undefined) break;
        found.push(header);
      }
      return found;
    },
    clear: async () => {
      this.#headers.clear();
      this.#segments = [];
    },
  };

  get head(): SealedHeader {
    return (this.blocks.at(-1) as CompleteBlock).header;
  }

  get totalDifficulty(): bigint {
    return this.blocks.reduce((sum, { header }) => sum + header.difficulty, 0n);
  }

  async hashAt(number: number): Promise<Uint8Array | undefined> {
    return this.blocks[number]?.header.hash;
  }

  readonly #listeners = new Set<() => void>();

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async header(number: number): Promise<SealedHeader | undefined> {
    return this.blocks[number]?.header;
  }

  #finalized: BlockRef | undefined;
  readonly finalizedBlock = {
    read: async () => this.#finalized,
    write: async (block: BlockRef) => {
      this.#finalized = block;
    },
  };

  async headerByHash(hash: Uint8Array): Promise<SealedHeader | undefined> {
    const number = await this.numberOf(hash);
    return number === undefined ? undefined : this.header(number);
  }

  async numberOf(hash: Uint8Array): Promise<number | undefined> {
    const key = toHex(hash);
    const found = this.blocks.findIndex(({ header }) => toHex(header.hash) === key);
    return found < 0 ? undefined : found;
  }

  checkEligible: SyncChain['checkEligible'] = (header) => checkRequiredBlock(this.required, header);
  checkBody: SyncChain['checkBody'] = (header, body) => this.#rules.checkBody(header, body);
  checkReceipts: SyncChain['checkReceipts'] = (header, receipts) => this.#rules.checkReceipts(header, receipts);

  /** Stored blocks of another branch, with all ancestors. */
  branch: readonly CompleteBlock[] = [];

  async setHead(hash: Uint8Array): Promise<boolean> {
    const top = this.branch.findIndex(({ header }) => toHex(header.hash) === toHex(hash));
    if (top === -1) return false;
    this.blocks.splice(0, Number.POSITIVE_INFINITY, ...this.branch.slice(0, top + 1));
    return true;
  }

  async append(added: readonly DownloadedBlock[]): Promise<void> {
    for (const block of added) {
      const { header, body, receipts } = block;
      const parent = this.blocks[header.number - 1]?.header;
      if (parent === undefined || toHex(parent.hash) !== toHex(header.parentHash)) {
        throw new Error(`block ${header.number} does not follow`);
      }
      this.checkBody(header, body);
      if (receipts === undefined) throw new Error(`block ${header.number} has no receipts`);
      this.checkReceipts(header, receipts);
      this.blocks.splice(header.number, Number.POSITIVE_INFINITY, { ...block, receipts });
    }
    this.batches.push(added.length);
    for (const listener of this.#listeners) listener();
  }
}

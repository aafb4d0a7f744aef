import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Crypto } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import { RlpError } from '@devp2p/rlp';
import type { NewBlock } from './block-check.ts';
import {
  decodeBlock,
  decodeReceiptsRecord,
  isReceiptsRecord,
  type ReceiptsRecord,
} from './block-rlp.ts';
import { equalBytes } from './bytes.ts';
import type { LocalChain } from './chain.ts';
import { BlockError, ChainError } from './error.ts';
import { RlpStreamError, rlpLists } from './rlp-lists.ts';

/** How far an import has come. */
export interface ImportProgress {
  /** The last block that was read; the chain's head before the first. */
  readonly number: number;
  /** Blocks that were added. */
  readonly added: number;
  /** Blocks that were there already. */
  readonly known: number;
  /** Blocks that got receipts. */
  readonly receipts: number;
  /** Bytes of the file that were read, compressed if it is, and its size. */
  readonly bytes: number;
  readonly size: number;
}

/** Settings of {@link importFile}. */
export interface ImportOptions {
  readonly crypto: Crypto;
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** The longest item that is read, in bytes: no message of eth could carry more. */
const maxItem = 10 * 1024 * 1024;
/** What is written to the database at once. */
const maxBatchItems = 256;
const maxBatchBytes = 4 * 1024 * 1024;
const chunkSize = 256 * 1024;

/**
 * Adds the blocks of a file to the chain: concatenated RLP, as `geth export` writes it, also gzipped. Blocks that are
 * there are skipped. Between or instead of blocks the file may have {@link ReceiptsRecord}s, which add receipts to
 * blocks that are there. Memory does not grow with the file.
 *
 * @throws BlockError for the first block that is not valid or not whole; those before it are kept, those after it are
 * not read
 * @throws ChainError `file` when the file cannot be read
 */
export async function importFile(
  chain: LocalChain,
  path: string,
  options: ImportOptions,
): Promise<ImportProgress> {
  const { content, bytesRead, size } = await openFile(path);
  const batch = new Batch(chain, options.crypto);
  const progress = (): ImportProgress => ({ ...batch.counts, bytes: bytesRead(), size });
  try {
    for await (const item of rlpLists(content, maxItem)) {
      await batch.add(item);
      if (!batch.full) continue;
      await batch.write();
      options.onProgress?.(progress());
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    await batch.write();
    throw readError(error, path, batch.counts.number + 1);
  } finally {
    content.destroy();
  }
  await batch.write();
  options.onProgress?.(progress());
  return progress();
}

/** What of a file has been read and not written. */
class Batch {
  counts: Omit<ImportProgress, 'bytes' | 'size'>;
  readonly #chain: LocalChain;
  readonly #crypto: Crypto;
  #blocks: NewBlock[] = [];
  #receipts: ReceiptsRecord[] = [];
  #bytes = 0;

  constructor(chain: LocalChain, crypto: Crypto) {
    this.#chain = chain;
    this.#crypto = crypto;
    this.counts = { number: chain.head.number, added: 0, known: 0, receipts: 0 };
  }

  get full(): boolean {
    const items = this.#blocks.length + this.#receipts.length;
    return items >= maxBatchItems || this.#bytes >= maxBatchBytes;
  }

  async add(item: Uint8Array): Promise<void> {
    this.#bytes += item.length;
    if (isReceiptsRecord(item)) {
      this.#receipts.push(decodeReceiptsRecord(item));
      return;
    }
    const block = decodeBlock(item, this.#crypto);
    const { number, hash } = block.header;
    if (number <= this.#chain.head.number) {
      await this.#checkKnown(number, hash);
      this.counts = { ...this.counts, number, known: this.counts.known + 1 };
    } else {
      this.#blocks.push(block);
      this.counts = { ...this.counts, number };
    }
  }

  async #checkKnown(number: number, hash: Uint8Array): Promise<void> {
    const ours = await this.#chain.hashAt(number);
    if (ours !== undefined && equalBytes(ours, hash)) return;
    const reason = `is 0x${toHex(hash)} in the file, but the chain has 0x${toHex(ours ?? hash)}`;
    throw new BlockError('other-chain', number, reason);
  }

  /** What was taken in is written or, when this throws, given up from the bad block on. */
  async write(): Promise<void> {
    const [blocks, receipts] = [this.#blocks, this.#receipts];
    this.#blocks = [];
    this.#receipts = [];
    this.#bytes = 0;
    await this.#chain.append(blocks);
    await this.#chain.addReceipts(receipts);
    this.counts = {
      ...this.counts,
      added: this.counts.added + blocks.length,
      receipts: this.counts.receipts + receipts.length,
    };
  }
}

interface OpenFile {
  readonly size: number;
  /** Decompressed if need be. */
  readonly content: Readable;
  bytesRead(): number;
}

async function openFile(path: string): Promise<OpenFile> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(new Uint8Array(2), 0, 2, 0);
      const file = handle.createReadStream({ start: 0, highWaterMark: chunkSize });
      const isGzip = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
      // Errors reach whoever reads the content; the callback has nothing to add.
      const content = isGzip ? pipeline(file, createGunzip({ chunkSize }), () => {}) : file;
      return { size, content, bytesRead: () => file.bytesRead };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (cause) {
    throw new ChainError('file', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function readError(error: unknown, path: string, number: number): unknown {
  if (!(error instanceof Error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof RlpStreamError || error instanceof RlpError) {
    return new BlockError('malformed', number, message, { cause: error });
  }
  // An aborted signal's reason has a number there.
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return new BlockError('malformed', number, `gzip: ${message}`, { cause: error });
  }
  if ('syscall' in error) {
    return new ChainError('file', `${path} cannot be read: ${message}`, { cause: error });
  }
  return error;
}

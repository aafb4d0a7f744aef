import type { Crypto } from '@devp2p/crypto';
import { RlpError } from '@devp2p/rlp';
import { BlockError, ChainError } from '../../errors/chain-error.ts';
import { Turns } from '../turns.ts';
import { maxFileItem } from './block-rlp.ts';
import { type ChainFile, openChainFile } from './chain-file.ts';
import { ImportBatch, type ImportCounts, type ImportingChain } from './import-batch.ts';
import { RlpStreamError, rlpLists } from './rlp-lists.ts';

/** Progress of an import. */
export interface ImportProgress extends ImportCounts {
  /** Bytes of the file read so far, before decompression. */
  readonly bytes: number;
  /** Size of the file in bytes; `undefined` for a pipe, a device or standard input. */
  readonly size: number | undefined;
}

/** Settings of {@link importFile}. */
export interface ImportOptions {
  readonly crypto: Crypto;
  /** Blocks and receipts of one batch. @default 256 */
  readonly batchItems?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/**
 * Adds the blocks of a file to the chain: concatenated RLP, as `geth export` writes it, optionally compressed with gzip.
 * Stored blocks are skipped. Between or instead of blocks the file may have {@link ReceiptsRecord}s, which add receipts
 * to stored blocks. Memory does not grow with the file.
 *
 * @param input a path, `-` for standard input, or an open input, which is closed at the end
 * @throws BlockError for the first block that is invalid or incomplete; those before it are kept, those after it are not
 * read
 * @throws ChainError `file` when the file cannot be read, `unknown-block` for receipts of an unknown block
 */
export async function importFile(
  chain: ImportingChain,
  input: string | ChainFile,
  options: ImportOptions,
): Promise<ImportProgress> {
  const { crypto, batchItems = 256, signal, onProgress } = options;
  const file = typeof input === 'string' ? await openChainFile(input) : input;
  const batch = new ImportBatch(chain, crypto, batchItems);
  const turns = new Turns();
  const progress = (): ImportProgress => {
    const { bytesRead: bytes, size } = file;
    return { ...batch.counts, bytes, size };
  };
  const stop = (): void => file.close(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    for await (const item of rlpLists(file.content, maxFileItem)) {
      await batch.add(item);
      await turns.checked(item.length);
      if (!batch.full) continue;
      await batch.write();
      onProgress?.(progress());
      signal?.throwIfAborted();
    }
  } catch (error) {
    await batch.write();
    throw readError(error, file.name, batch.counts.number + 1);
  } finally {
    signal?.removeEventListener('abort', stop);
    file.close();
  }
  await batch.write();
  onProgress?.(progress());
  return progress();
}

/** @param number of the block after the last one that was read */
function readError(error: unknown, name: string, number: number): unknown {
  if (!(error instanceof Error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof RlpStreamError || error instanceof RlpError) {
    return new BlockError('malformed', number, message, { cause: error });
  }
  // The reason of an aborted signal has a number as code.
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return new BlockError('malformed', number, `gzip: ${message}`, { cause: error });
  }
  if ('syscall' in error) {
    return new ChainError('file', `${name} cannot be read: ${message}`, { cause: error });
  }
  return error;
}

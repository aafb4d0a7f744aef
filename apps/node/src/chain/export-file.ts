import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { receiptList } from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import { encodeBlock, receiptsRecordCodec } from './block-rlp.ts';
import type { StoredBlock } from './block-store.ts';
import type { LocalChain } from './chain.ts';
import { ChainError } from './error.ts';

/** Settings of {@link exportFile}. */
export interface ExportOptions {
  /** @default 1: who imports the file has the genesis block already */
  readonly first?: number | undefined;
  /** @default the head */
  readonly last?: number | undefined;
  /**
   * What to write of each block: the block, or its receipts as a record of their own, which only this program reads.
   *
   * @default 'blocks'
   */
  readonly content?: 'blocks' | 'receipts' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of the last block that was written. */
  readonly onProgress?: ((number: number) => void) | undefined;
}

/** Blocks that are read from the database at once. */
const readAhead = 64;

/**
 * Writes blocks to a file as concatenated RLP, which `geth import` and {@link importFile} read; gzipped when the
 * file's name ends in `.gz`. The file appears when it is complete, and replaces one of that name, or the one that a
 * link of that name leads to. What is no file, such as a pipe or a device, is written into as it is.
 *
 * @returns how many blocks were written
 * @throws ChainError `unknown-block` when the chain lacks one of them or its receipts, `file` when the file cannot be
 * written
 */
export async function exportFile(
  chain: LocalChain,
  path: string,
  options: ExportOptions = {},
): Promise<number> {
  const { first = 1, last = chain.head.number, signal } = options;
  const { number: head } = chain.head;
  // From the one behind the head on there is nothing to write yet, which is no mistake.
  if (last > head || first > head + 1) {
    throw new ChainError(
      'unknown-block',
      `block ${Math.max(first, last)}: the chain ends at ${head}`,
    );
  }
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    throw new ChainError('file', `${path} cannot be written: it is a directory`);
  }
  const replaces = there === undefined || there.isFile();
  const place = there?.isFile() ? await realpath(path) : path;
  const unfinished = replaces ? `${place}.unfinished` : place;
  const target = createWriteStream(unfinished, { flags: replaces ? 'w' : 'a' });
  const items = readItems(chain, first, last, options);
  try {
    if (path.endsWith('.gz')) await pipeline(items, createGzip(), target, { signal });
    else await pipeline(items, target, { signal });
    if (replaces) await rename(unfinished, place);
  } catch (error) {
    if (replaces) await rm(unfinished, { force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new ChainError('file', `${path} cannot be written: ${error.message}`, { cause: error });
  }
  return Math.max(0, last - first + 1);
}

async function* readItems(
  chain: LocalChain,
  first: number,
  last: number,
  { content = 'blocks', onProgress }: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let number = first; number <= last; number += readAhead) {
    const count = Math.min(readAhead, last - number + 1);
    const numbers = Array.from({ length: count }, (_, i) => number + i);
    const blocks = await Promise.all(numbers.map((at) => chain.storedBlock(at)));
    for (const [i, block] of blocks.entries()) {
      if (block === undefined) throw missing(number + i, 'is not on the chain any more');
      yield content === 'blocks' ? encodeBlock(block.header.raw, block.body) : receiptsOf(block);
    }
    onProgress?.(number + count - 1);
  }
}

function receiptsOf({ header, receipts }: StoredBlock): Uint8Array {
  if (receipts === undefined) throw missing(header.number, 'has no receipts here');
  return encode(receiptsRecordCodec, {
    hash: header.hash,
    receipts: decode(receiptList, receipts),
  });
}

function missing(number: number, problem: string): ChainError {
  return new ChainError('unknown-block', `block ${number} ${problem}`);
}

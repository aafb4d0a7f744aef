import { receiptList } from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import { ChainError } from '../../errors/chain-error.ts';
import type { ErrorData } from '../../errors/node-error.ts';
import type { StoredBlock } from '../../storage/block-records.ts';
import type { BlockReader, CanonicalChain } from '../interfaces.ts';
import { encodeBlock, receiptsRecordCodec } from './block-rlp.ts';
import { writeTarget } from './export-target.ts';

/** The parts of a chain that an export reads. */
type ExportedChain = Pick<CanonicalChain, 'head'> & Pick<BlockReader, 'block'>;

/** Settings of {@link exportFile}. */
export interface ExportOptions {
  /** @default 1: an importing chain has the genesis block already */
  readonly first?: number | undefined;
  /** @default the head */
  readonly last?: number | undefined;
  /**
   * Part of each block to write: the block, or its receipts as a separate record, which only this program reads.
   *
   * @default 'blocks'
   */
  readonly content?: 'blocks' | 'receipts' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of the last written block. */
  readonly onProgress?: ((number: number) => void) | undefined;
}

/** Blocks that are read from the database at once. */
const readAhead = 64;

/**
 * Writes blocks as concatenated RLP, which `geth import` and {@link importFile} read, with the stored block access lists;
 * see {@link writeTarget} for the path.
 *
 * @returns number of written blocks
 * @throws ChainError `unknown-block` when the chain lacks one of them or its receipts, `file` when the file cannot be
 * written
 */
export async function exportFile(chain: ExportedChain, path: string, options: ExportOptions = {}): Promise<number> {
  const { first = 1, last = chain.head.number, signal } = options;
  const { number: head } = chain.head;
  // An export that starts after the head is empty, which is not an error.
  if (last > head || first > head + 1) {
    throw new ChainError('unknown-block', `block ${Math.max(first, last)}: the chain ends at ${head}`);
  }
  await writeTarget(path, readItems(chain, first, last, options), signal);
  return Math.max(0, last - first + 1);
}

async function* readItems(
  chain: ExportedChain,
  first: number,
  last: number,
  { content = 'blocks', onProgress }: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let number = first; number <= last; number += readAhead) {
    const count = Math.min(readAhead, last - number + 1);
    const numbers = Array.from({ length: count }, (_, i) => number + i);
    const blocks = await Promise.all(numbers.map((at) => chain.block(at)));
    for (const [i, block] of blocks.entries()) {
      if (block === undefined) throw missing(number + i, 'is not on the chain any more');
      yield content === 'blocks' ? encodeBlock(block.header.raw, block.body, block.accessList) : receiptsOf(block);
    }
    onProgress?.(number + count - 1);
  }
}

function receiptsOf({ header, receipts }: StoredBlock): Uint8Array {
  if (receipts === undefined) {
    throw missing(header.number, 'has no receipts in this datadir', {
      problem: 'receipts-not-stored',
    });
  }
  return encode(receiptsRecordCodec, {
    hash: header.hash,
    receipts: decode(receiptList, receipts),
  });
}

function missing(number: number, problem: string, data?: ErrorData): ChainError {
  return new ChainError('unknown-block', `block ${number} ${problem}`, data && { data });
}

import { isDeepStrictEqual } from 'node:util';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import { decodeBlock, type FileBlock } from '../../../src/chain/files/block-rlp.ts';
import { parseGenesis } from '../../../src/config/genesis/genesis.ts';
import type { BlockExecution, BlockResult } from '../../../src/execution/block/block-execution.ts';
import {
  type BlockProcessor,
  type BlockStart,
  blockEnd,
  checkStateRoot,
  createBlockProcessor,
} from '../../../src/execution/block/block-processor.ts';
import { createEvmFactory } from '../../../src/execution/block/evm-factory.ts';
import { openKzg } from '../../../src/execution/kzg/kzg.ts';
import type { ChainConfig } from '../../../src/validation/chain-config.ts';
import { decodeTransaction } from '../../../src/validation/decode-transaction.ts';
import { MemoryState } from './memory-state.ts';

const kzg = openKzg();

/** A processor of blocks with all precompiled contracts. */
export function createProcessor(config: ChainConfig, crypto: Crypto): BlockProcessor {
  return createBlockProcessor({ config, crypto, createEvm: createEvmFactory({ config, crypto, kzg }) });
}

interface ChainListeners {
  /** Called after each block. */
  readonly onBlock?: (block: FileBlock, result: BlockResult) => void;
  /**
   * Called before each transaction and after the last one, in a second execution of each block. That has to have the same
   * results.
   */
  readonly onTransaction?: (execution: BlockExecution, block: FileBlock) => Promise<void>;
}

/**
 * Executes the blocks of a chain file on a state in memory, and checks everything that their headers say, state roots
 * included.
 *
 * @param genesisText content of genesis.json
 * @param file content of the chain file
 * @returns the last block
 */
export async function runChain(
  genesisText: string,
  file: Uint8Array,
  crypto: Crypto,
  { onBlock, onTransaction }: ChainListeners = {},
): Promise<SealedHeader> {
  const { config, header: genesis, accounts = [] } = parseGenesis(genesisText, crypto);
  const state = MemoryState.of(accounts, crypto);
  const processor = createProcessor(config, crypto);
  const hashes = new Map([[0, genesis.hash]]);
  let head = genesis;
  for (const block of blocksOf(file, crypto)) {
    if (block.header.number === 0) continue;
    const start: BlockStart = {
      state,
      blockHash: (number) => hashes.get(number) as Uint8Array,
      intermediateRoot: (changes) => {
        const copy = state.copy();
        copy.apply(changes);
        return copy.root();
      },
    };
    const { header, body, accessList } = block;
    const result = await processor.execute({ header, body, accessList, ...start });
    if (onTransaction !== undefined) {
      const execution = await processor.begin(header, start);
      for (const raw of body.transactions) {
        await onTransaction(execution, block);
        await execution.apply(decodeTransaction(raw));
      }
      await onTransaction(execution, block);
      const again = await execution.finish(blockEnd(block, crypto));
      if (!isDeepStrictEqual(sorted(again), sorted(result)))
        throw new Error(`other results of block ${header.number} when repeated`);
    }
    state.apply(result.changes);
    checkStateRoot(header, state.root());
    head = header;
    hashes.set(head.number, head.hash);
    onBlock?.(block, result);
  }
  return head;
}

/** Results with the changes in the order of addresses. */
function sorted(result: BlockResult): BlockResult {
  return { ...result, changes: [...result.changes].sort((a, b) => Buffer.compare(a.address, b.address)) };
}

/** The blocks of a chain file. */
function* blocksOf(file: Uint8Array, crypto: Crypto): Generator<FileBlock> {
  const reader = new Reader(file);
  while (!reader.done) yield decodeBlock(reader.item(), crypto);
}

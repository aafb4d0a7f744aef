import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import { decodeBlock, type FileBlock } from '../../../src/chain/files/block-rlp.ts';
import { parseGenesis } from '../../../src/config/genesis/genesis.ts';
import type { BlockResult } from '../../../src/execution/block/block-execution.ts';
import {
  type BlockProcessor,
  checkStateRoot,
  createBlockProcessor,
} from '../../../src/execution/block/block-processor.ts';
import { createEvmFactory } from '../../../src/execution/block/evm-factory.ts';
import { openKzg } from '../../../src/execution/kzg/kzg.ts';
import type { ChainConfig } from '../../../src/validation/chain-config.ts';
import { MemoryState } from './memory-state.ts';

const kzg = openKzg();

/** A processor of blocks with all precompiled contracts. */
export function createProcessor(config: ChainConfig, crypto: Crypto): BlockProcessor {
  return createBlockProcessor({ config, crypto, createEvm: createEvmFactory({ config, crypto, kzg }) });
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
  onBlock: (block: FileBlock, result: BlockResult) => void = () => {},
): Promise<SealedHeader> {
  const { config, header, accounts = [] } = parseGenesis(genesisText, crypto);
  const state = MemoryState.of(accounts, crypto);
  const processor = createProcessor(config, crypto);
  const hashes = new Map([[0, header.hash]]);
  let head = header;
  for (const block of blocksOf(file, crypto)) {
    if (block.header.number === 0) continue;
    const result = await processor.execute({
      header: block.header,
      body: block.body,
      accessList: block.accessList,
      state,
      blockHash: (number) => hashes.get(number) as Uint8Array,
      intermediateRoot: (changes) => {
        const copy = state.copy();
        copy.apply(changes);
        return copy.root();
      },
    });
    state.apply(result.changes);
    checkStateRoot(block.header, state.root());
    head = block.header;
    hashes.set(head.number, head.hash);
    onBlock(block, result);
  }
  return head;
}

/** The blocks of a chain file. */
export function* blocksOf(file: Uint8Array, crypto: Crypto): Generator<FileBlock> {
  const reader = new Reader(file);
  while (!reader.done) yield decodeBlock(reader.item(), crypto);
}

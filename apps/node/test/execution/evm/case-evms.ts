import { nobleCrypto } from '@devp2p/crypto';
import type { Common } from '@ethereumjs/common';
import { type ForkName, forkNames } from '../../../src/execution/evm/fork.ts';
import { createCommon } from '../../../src/execution/evm/library/common.ts';
import { createLibraryEvm } from '../../../src/execution/evm/library/library-evm.ts';
import { caseBlock, type EvmFactory } from './opcode-case.ts';

const commons = new Map<ForkName, Common>(
  forkNames.map((fork) => [fork, createCommon({ fork, chainId: BigInt(caseBlock.chainId), crypto: nobleCrypto })]),
);

/** The EVM of the library with its interpreter. */
export const libraryEvm: EvmFactory = ({ fork, state, block, recorder }) =>
  createLibraryEvm({ common: commons.get(fork) as Common, state, block, recorder });

import { nobleCrypto } from '@devp2p/crypto';
import type { Common } from '@ethereumjs/common';
import { createEvm } from '../../../src/execution/evm/create-evm.ts';
import { type ForkName, isAtLeast } from '../../../src/execution/evm/fork.ts';
import { FramePool } from '../../../src/execution/evm/frame/frame-pool.ts';
import { ProgramCache } from '../../../src/execution/evm/frame/program-cache.ts';
import { createPrecompiles, type Precompiles } from '../../../src/execution/evm/precompiles.ts';
import { type EvmRules, evmRules } from '../../../src/execution/evm/rules/evm-rules.ts';
import { createCommon } from '../../../src/execution/evm/rules/library-parameters.ts';
import { openKzg } from '../../../src/execution/kzg/kzg.ts';
import { pointEvaluation } from '../../../src/execution/kzg/point-evaluation.ts';
import { createLibraryEvm } from './library/library-evm.ts';
import { caseBlock, type EvmFactory } from './opcode-case.ts';

const { keccak256 } = nobleCrypto;
const chainId = BigInt(caseBlock.chainId);
const replacements = [pointEvaluation(openKzg())];

interface ForkParts {
  readonly common: Common;
  readonly rules: EvmRules;
  readonly precompiles: Precompiles;
}

const parts = new Map<ForkName, ForkParts>();
const programs = new ProgramCache(1 << 24);

function partsOf(fork: ForkName): ForkParts {
  let found = parts.get(fork);
  if (found === undefined) {
    const common = createCommon({ fork, chainId, crypto: nobleCrypto });
    found = { common, rules: evmRules(fork), precompiles: createPrecompiles(common, replacements) };
    parts.set(fork, found);
  }
  return found;
}

/** The EVM of the library with its interpreter. */
export const libraryEvm: EvmFactory = ({ fork, state, block, recorder }) =>
  createLibraryEvm({
    common: partsOf(fork).common,
    state,
    block,
    precompiles: isAtLeast(fork, 'cancun') ? replacements : undefined,
    recorder,
  });

/** The EVM of this package. */
export const ownEvm: EvmFactory = ({ fork, state, block, recorder }) => {
  const { rules, precompiles } = partsOf(fork);
  return createEvm({
    rules,
    chainId,
    state,
    block,
    precompiles,
    programs,
    pool: new FramePool(),
    keccak256,
    recorder,
  });
};

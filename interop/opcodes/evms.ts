import { fastCrypto } from '@devp2p/crypto/fast';
import type { Common } from '@ethereumjs/common';
import { createEvm } from '../../apps/node/src/execution/evm/create-evm.ts';
import type { ForkName } from '../../apps/node/src/execution/evm/fork.ts';
import { FramePool } from '../../apps/node/src/execution/evm/frame/frame-pool.ts';
import { ProgramCache } from '../../apps/node/src/execution/evm/frame/program-cache.ts';
import { createPrecompiles, type Precompiles } from '../../apps/node/src/execution/evm/precompiles.ts';
import { type EvmRules, evmRules } from '../../apps/node/src/execution/evm/rules/evm-rules.ts';
import { createCommon } from '../../apps/node/src/execution/evm/rules/library-parameters.ts';
import { openKzg } from '../../apps/node/src/execution/kzg/kzg.ts';
import { pointEvaluation } from '../../apps/node/src/execution/kzg/point-evaluation.ts';
import { createLibraryEvm } from '../../apps/node/test/execution/evm/library/library-evm.ts';
import type { EvmFactory } from '../../apps/node/test/execution/evm/opcode-case.ts';

interface ForkParts {
  readonly common: Common;
  readonly rules: EvmRules;
  readonly precompiles: Precompiles;
}

const chainId = 1n;
const { keccak256 } = fastCrypto;
const replacements = [pointEvaluation(openKzg())];
const programs = new ProgramCache(1 << 26);
const forks = new Map<ForkName, ForkParts>();

/** The rules of a fork. Blobs only matter for the price of their gas, which the block has. */
function partsOf(fork: ForkName): ForkParts {
  let parts = forks.get(fork);
  if (parts === undefined) {
    const common = createCommon({ fork, chainId, crypto: fastCrypto });
    parts = { common, rules: evmRules(fork), precompiles: createPrecompiles(common, replacements) };
    forks.set(fork, parts);
  }
  return parts;
}

/** The EVM of our node. */
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
    recorder: rules.isAmsterdam ? recorder : undefined,
  });
};

/** `@ethereumjs/evm` with its interpreter. */
export const libraryEvm: EvmFactory = ({ fork, state, block, recorder }) => {
  const { common } = partsOf(fork);
  const precompiles = common.isActivatedEIP(4844) ? { precompiles: replacements } : {};
  return createLibraryEvm({ common, state, block, recorder, ...precompiles });
};

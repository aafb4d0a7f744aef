import { fastCrypto } from '@devp2p/crypto/fast';
import { type ChainEvm, createChainEvm } from '../../apps/node/src/execution/evm/chain-evm.ts';
import type { AccessRecorder, BlockEvm, EvmBlock } from '../../apps/node/src/execution/evm/evm.ts';
import { createCommons } from '../../apps/node/src/execution/evm/rules/library-parameters.ts';
import type { BlockState } from '../../apps/node/src/execution/evm/state/block-state.ts';
import { openKzg } from '../../apps/node/src/execution/kzg/kzg.ts';
import { pointEvaluation } from '../../apps/node/src/execution/kzg/point-evaluation.ts';
import { createLibraryEvm } from '../../apps/node/test/execution/evm/library/library-evm.ts';
import { configOf, type Fork, isAtLeast } from './forks.ts';

/** Creates an EVM on the state of a block. */
export type EvmFactory = (fork: Fork, block: EvmBlock, state: BlockState, recorder: AccessRecorder) => BlockEvm;

const precompiles = [pointEvaluation(openKzg())];
const chains = new Map<Fork, ChainEvm>();

/** The EVM of the node. */
export const ownEvm: EvmFactory = (fork, block, state, recorder) => {
  let chain = chains.get(fork);
  if (chain === undefined) {
    chain = createChainEvm({ config: configOf(fork), crypto: fastCrypto, precompiles });
    chains.set(fork, chain);
  }
  return chain.at(block, state, isAtLeast(fork, 'amsterdam') ? recorder : undefined);
};

const commons = new Map<Fork, ReturnType<typeof createCommons>>();

/** `@ethereumjs/evm` with its interpreter. */
export const libraryEvm: EvmFactory = (fork, block, state, recorder) => {
  let common = commons.get(fork);
  if (common === undefined) {
    common = createCommons(configOf(fork), fastCrypto);
    commons.set(fork, common);
  }
  return createLibraryEvm({
    common: common.of(block),
    state,
    block,
    recorder,
    ...(isAtLeast(fork, 'cancun') ? { precompiles } : {}),
  });
};

import type { Crypto } from '@devp2p/crypto';
import type { Common } from '@ethereumjs/common';
import type { AddPrecompile } from '@ethereumjs/evm';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { createEvm } from './create-evm.ts';
import type { AccessRecorder, BlockEvm, EvmBlock } from './evm.ts';
import type { ForkName } from './fork.ts';
import { FramePool } from './frame/frame-pool.ts';
import { ProgramCache } from './frame/program-cache.ts';
import { createPrecompiles, type Precompiles } from './precompiles.ts';
import { type EvmRules, evmRules } from './rules/evm-rules.ts';
import { createCommons } from './rules/library-parameters.ts';
import type { BlockState } from './state/block-state.ts';
import type { ExecutionTracer } from './tracer.ts';
import type { ExecutionWatch } from './watch.ts';

/** Memory for the programs of contracts. */
const programBytes = 32 * 1024 * 1024;

/** Options of {@link createChainEvm}. */
export interface ChainEvmOptions {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  /** Used in place of the library's in all forks that have a contract at the address. */
  readonly precompiles?: readonly AddPrecompile[] | undefined;
}

/** The EVM of a chain. Rules of a fork are made once, and programs of contracts are kept from block to block. */
export interface ChainEvm {
  /** Creates the EVM on the state of a block. @param recorder from Amsterdam on */
  at(block: EvmBlock, state: BlockState, recorder?: AccessRecorder, options?: BlockEvmOptions): BlockEvm;
}

/** @see ChainEvm.at */
interface BlockEvmOptions {
  /** @default none */
  readonly watch?: ExecutionWatch | undefined;
  /** @default none */
  readonly tracer?: ExecutionTracer | undefined;
  /** Frames of an EVM that has ended all its calls. @default new ones */
  readonly pool?: FramePool | undefined;
  /** Changes the precompiled contracts. @default they are those of the fork */
  readonly precompiles?: ((contracts: Precompiles) => Precompiles) | undefined;
}

interface ForkParts {
  readonly rules: EvmRules;
  readonly precompiles: Precompiles;
}

export function createChainEvm({ config, crypto, precompiles }: ChainEvmOptions): ChainEvm {
  const { chainId } = config;
  const commons = createCommons(config, crypto);
  const programs = new ProgramCache(programBytes);
  const forks = new Map<Common, ForkParts>();
  const partsOf = (block: EvmBlock): ForkParts => {
    const common = commons.of(block);
    let parts = forks.get(common);
    if (parts === undefined) {
      const rules = evmRules(common.hardfork() as ForkName);
      parts = { rules, precompiles: createPrecompiles(common, precompiles) };
      forks.set(common, parts);
    }
    return parts;
  };
  return {
    at(block, state, recorder, { watch, tracer, pool = new FramePool(), precompiles: change } = {}) {
      const { keccak256 } = crypto;
      const { rules, precompiles: contracts } = partsOf(block);
      return createEvm({
        rules,
        precompiles: change === undefined ? contracts : change(contracts),
        chainId,
        state,
        block,
        programs,
        pool,
        keccak256,
        recorder,
        watch,
        tracer,
      });
    },
  };
}

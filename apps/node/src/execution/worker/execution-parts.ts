import type { Crypto } from '@devp2p/crypto';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { type BlockProcessor, checkStateRoot, createBlockProcessor } from '../block/block-processor.ts';
import { buildBlock } from '../block/build-block.ts';
import { type Kzg, openKzg } from '../kzg/kzg.ts';
import { clearState } from '../state/open-state.ts';
import { openStateStore } from '../state/open-state-store.ts';
import type { StateStore } from '../state/state-store.ts';
import type { ExecutionParts } from './execution-service.ts';
import type { ExecutionSettings } from './settings.ts';

/** Parts of an execution over the state in a directory, without those that depend on the thread. */
export function createExecutionParts(
  { location, genesis, historyDepth }: ExecutionSettings,
  crypto: Crypto,
): Omit<ExecutionParts, 'nextTurn' | 'onFault'> {
  const { config } = genesis;
  const openState = (): Promise<StateStore> => openStateStore({ location, genesis, historyDepth, crypto });
  let onNotice = (_: string): void => {};
  const kzg = openKzg({
    onFallback: (reason) => onNotice(`KZG is computed by a slower library, the native one does not load: ${reason}`),
  });
  let loaded: Promise<BlockProcessor> | undefined;
  const load = (): Promise<BlockProcessor> => {
    loaded ??= loadProcessor(config, crypto, kzg);
    return loaded;
  };
  return {
    openState,
    async resetState(state) {
      await state.close();
      await clearState(location);
      return openState();
    },
    processor: {
      execute: async (block) => (await load()).execute(block),
      build: async (request, start, onTurn) => {
        const processor = await load();
        return buildBlock(request, { config, crypto, processor, start, stateRoot: start.intermediateRoot, onTurn });
      },
    },
    checkStateRoot,
    async createCalls(openState) {
      const [{ CallRunner }, { createCallEvm }] = await Promise.all([
        import('../calls/call-runner.ts'),
        import('../calls/call-evm.ts'),
      ]);
      return new CallRunner({ config, crypto, evm: createCallEvm(config, crypto), openState });
    },
    crypto,
    kzg,
    onNotice(listener) {
      onNotice = listener;
    },
  };
}

/** The library of the EVM takes a part of the start of a node to load, so it is loaded with the first block. */
async function loadProcessor(config: ChainConfig, crypto: Crypto, kzg: Kzg): Promise<BlockProcessor> {
  const { createEvmFactory } = await import('../block/evm-factory.ts');
  return createBlockProcessor({ config, crypto, createEvm: createEvmFactory({ config, crypto, kzg }) });
}

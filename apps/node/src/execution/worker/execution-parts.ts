import type { Crypto } from '@devp2p/crypto';
import { checkStateRoot, createBlockProcessor } from '../block/block-processor.ts';
import { buildBlock } from '../block/build-block.ts';
import { createEvmFactory } from '../block/evm-factory.ts';
import { openKzg } from '../kzg/kzg.ts';
import { clearState } from '../state/open-state.ts';
import { openStateStore, type StateStore } from '../state/state-store.ts';
import type { ExecutionParts } from './execution-service.ts';
import type { ExecutionSettings } from './settings.ts';

/** Parts of an execution over the state in a directory, without those that depend on the thread. */
export function createExecutionParts(
  { location, genesis, historyDepth }: ExecutionSettings,
  crypto: Crypto,
): Omit<ExecutionParts, 'nextTurn' | 'onFault'> {
  const { config } = genesis;
  const openState = (): Promise<StateStore> => openStateStore({ location, genesis, historyDepth, crypto });
  const processor = createBlockProcessor({
    config,
    crypto,
    createEvm: createEvmFactory({ config, crypto, kzg: openKzg() }),
  });
  return {
    openState,
    async resetState(state) {
      await state.close();
      await clearState(location);
      return openState();
    },
    processor: {
      execute: (block) => processor.execute(block),
      build: (request, start, onTurn) =>
        buildBlock(request, { config, crypto, processor, start, stateRoot: start.intermediateRoot, onTurn }),
    },
    checkStateRoot,
    crypto,
  };
}

import { fastCrypto } from '@devp2p/crypto/fast';
import type { Common } from '@ethereumjs/common';
import type { ForkName } from '../../apps/node/src/execution/evm/fork.ts';
import { createCommon } from '../../apps/node/src/execution/evm/library/common.ts';
import { createLibraryEvm } from '../../apps/node/src/execution/evm/library/library-evm.ts';
import { openKzg } from '../../apps/node/src/execution/kzg/kzg.ts';
import { pointEvaluation } from '../../apps/node/src/execution/kzg/point-evaluation.ts';
import type { EvmFactory } from '../../apps/node/test/execution/evm/opcode-case.ts';

const commons = new Map<ForkName, Common>();

/** The parameters of a fork with chain id 1. Blobs only matter for the price of their gas, which the block has. */
function commonOf(fork: ForkName): Common {
  let common = commons.get(fork);
  if (common === undefined) {
    common = createCommon({ fork, chainId: 1n, crypto: fastCrypto });
    commons.set(fork, common);
  }
  return common;
}

const kzg = openKzg();

/** `@ethereumjs/evm` with its interpreter. */
export const libraryEvm: EvmFactory = ({ fork, state, block, recorder }) => {
  const common = commonOf(fork);
  return createLibraryEvm({
    common,
    state,
    block,
    recorder,
    ...(common.isActivatedEIP(4844) ? { precompiles: [pointEvaluation(kzg)] } : {}),
  });
};

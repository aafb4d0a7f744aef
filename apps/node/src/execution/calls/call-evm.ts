import type { Crypto } from '@devp2p/crypto';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { createNodeEvm } from '../block/evm-factory.ts';
import type { ChainEvm } from '../evm/chain-evm.ts';
import { openKzg } from '../kzg/kzg.ts';

/** Creates the EVM for calls on states of a chain. */
export function createCallEvm(config: ChainConfig, crypto: Crypto): ChainEvm {
  return createNodeEvm({ config, crypto, kzg: openKzg({}) });
}

import type { Crypto } from '@devp2p/crypto';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { createChainEvm } from '../evm/chain-evm.ts';
import type { Kzg } from '../kzg/kzg.ts';
import { pointEvaluation } from '../kzg/point-evaluation.ts';
import type { BlockEvmFactory } from './block-processor.ts';

/** What the EVM of a chain is created with. */
export interface EvmFactoryOptions {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  /** For the point evaluation precompile (EIP-4844). */
  readonly kzg: Pick<Kzg, 'verifyProof'>;
}

/** Creates the factory of the EVM of each block. The parameters of a fork are made once. */
export function createEvmFactory({ config, crypto, kzg }: EvmFactoryOptions): BlockEvmFactory {
  const evm = createChainEvm({ config, crypto, precompiles: [pointEvaluation(kzg)] });
  return ({ fields, blobBaseFee, blockHash }, state, recorder) => {
    const block = {
      number: fields.number,
      timestamp: fields.timestamp,
      beneficiary: fields.beneficiary,
      gasLimit: fields.gasLimit,
      difficulty: fields.difficulty,
      mixHash: fields.mixHash,
      baseFee: fields.baseFeePerGas ?? 0n,
      blobBaseFee,
      slotNumber: BigInt(fields.slotNumber ?? 0),
      blockHash,
    };
    return evm.at(block, state, recorder);
  };
}

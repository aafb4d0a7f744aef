import type { Crypto } from '@devp2p/crypto';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { type ChainEvm, createChainEvm } from '../evm/chain-evm.ts';
import type { EvmBlock } from '../evm/evm.ts';
import type { Kzg } from '../kzg/kzg.ts';
import { pointEvaluation } from '../kzg/point-evaluation.ts';
import type { BlockContext } from './block-context.ts';
import type { BlockEvmFactory } from './block-processor.ts';

/** What the EVM of a chain is created with. */
export interface EvmFactoryOptions {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  /** For the point evaluation precompile (EIP-4844). */
  readonly kzg: Pick<Kzg, 'verifyProof'>;
}

/** Creates the EVM of a chain. */
export function createNodeEvm({ config, crypto, kzg }: EvmFactoryOptions): ChainEvm {
  return createChainEvm({ config, crypto, precompiles: [pointEvaluation(kzg)] });
}

/** Creates the factory of the EVM of each block. The parameters of a fork are made once. */
export function createEvmFactory(options: EvmFactoryOptions): BlockEvmFactory {
  const evm = createNodeEvm(options);
  return (context, state, recorder) => evm.at(evmBlock(context), state, recorder);
}

/** A block as its code reads it. */
export function evmBlock({ fields, beneficiary, blobBaseFee, blockHash }: BlockContext): EvmBlock {
  return {
    number: fields.number,
    timestamp: fields.timestamp,
    beneficiary,
    gasLimit: fields.gasLimit,
    difficulty: fields.difficulty,
    mixHash: fields.mixHash,
    baseFee: fields.baseFeePerGas ?? 0n,
    blobBaseFee,
    slotNumber: BigInt(fields.slotNumber ?? 0),
    blockHash,
  };
}

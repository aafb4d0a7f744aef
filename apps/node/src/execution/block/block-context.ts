import type { Header } from '@devp2p/eth';
import { blobParameters, type ChainConfig } from '../../validation/chain-config.ts';
import { blobBaseFee, gasPerBlob } from '../../validation/fees.ts';
import { type ForkRules, forkRules } from './fork-rules.ts';

/** The fields of a header that are known before its block is executed. */
export type BlockFields = Pick<
  Header,
  | 'parentHash'
  | 'beneficiary'
  | 'difficulty'
  | 'number'
  | 'gasLimit'
  | 'timestamp'
  | 'mixHash'
  | 'baseFeePerGas'
  | 'excessBlobGas'
  | 'parentBeaconBlockRoot'
  | 'slotNumber'
>;

/** The surroundings of the transactions of a block. */
export interface BlockContext {
  readonly fields: BlockFields;
  /**
   * Receives the fees, and is the result of COINBASE. In a block of Clique it is the signer, because the field of the
   * header has a vote (EIP-225).
   */
  readonly beneficiary: Uint8Array;
  readonly rules: ForkRules;
  /** Price of a unit of blob gas in wei; 0 before Cancun. */
  readonly blobBaseFee: bigint;
  /** Blob gas that the block may have; 0 before Cancun. */
  readonly maxBlobGas: number;
  /** Hash of one of the 256 blocks before this one. */
  readonly blockHash: BlockHashReader;
}

/** Reads the hash of an ancestor by its number. */
export type BlockHashReader = (number: number) => Uint8Array;

/** Creates the context of a block. @param beneficiary the signer in a block of Clique. @default that of the fields */
export function blockContext(
  config: ChainConfig,
  fields: BlockFields,
  blockHash: BlockHashReader,
  beneficiary: Uint8Array = fields.beneficiary,
): BlockContext {
  const blobs = blobParameters(config, fields.timestamp);
  return {
    fields,
    beneficiary,
    rules: forkRules(config, fields),
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(fields.excessBlobGas ?? 0, blobs),
    maxBlobGas: (blobs?.max ?? 0) * gasPerBlob,
    blockHash,
  };
}

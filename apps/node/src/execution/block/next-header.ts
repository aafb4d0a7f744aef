import { blobParameters, type ChainConfig } from '../../validation/chain-config.ts';
import { elasticity, nextBaseFee, nextExcessBlobGas } from '../../validation/fees.ts';
import type { BuildRequest } from '../build-request.ts';
import type { BlockFields } from './block-context.ts';

/** The gas limit moves by less than this part of the parent's (Yellow Paper). */
const gasLimitDivisor = 1024;
const minGasLimit = 5_000;

/** The gas limit that is nearest to a target after a block with another one. */
export function nextGasLimit(parentLimit: number, target: number): number {
  const delta = Math.max(0, Math.floor(parentLimit / gasLimitDivisor) - 1);
  const wanted = Math.max(target, minGasLimit);
  return Math.min(Math.max(wanted, parentLimit - delta), parentLimit + delta);
}

/** The fields of a block's header that are known before it is executed. */
export function nextFields(config: ChainConfig, request: BuildRequest): BlockFields {
  const { parent, timestamp, beneficiary, mixHash, parentBeaconBlockRoot, slotNumber, gasTarget } = request;
  const number = parent.number + 1;
  const blobs = blobParameters(config, timestamp);
  const isFirstOfLondon = number === config.forks.london;
  const parentLimit = Number(parent.gasLimit) * (isFirstOfLondon ? Number(elasticity) : 1);
  return {
    parentHash: parent.hash,
    beneficiary,
    difficulty: 0n,
    number,
    gasLimit: nextGasLimit(parentLimit, gasTarget),
    timestamp,
    mixHash,
    baseFeePerGas: nextBaseFee(config, parent),
    ...(blobs && { excessBlobGas: nextExcessBlobGas(config, blobs, parent, timestamp) }),
    ...(blobs && parentBeaconBlockRoot && { parentBeaconBlockRoot }),
    ...(slotNumber !== undefined && { slotNumber }),
  };
}

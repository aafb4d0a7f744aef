import type { BuildRequest } from '../chain/interfaces.ts';
import type { BlockConditions } from '../txpool/transaction-source.ts';
import { blobParameters, type ChainConfig } from '../validation/chain-config.ts';
import { blobBaseFee, nextBaseFee, nextExcessBlobGas } from '../validation/fees.ts';
import { transactionLimits } from '../validation/transaction.ts';

/**
 * The conditions of a block that is to be built, for its transactions.
 *
 * @param minTip lowest tip per unit of gas, in wei
 */
export function blockConditions(
  config: ChainConfig,
  { parent, timestamp }: Pick<BuildRequest, 'parent' | 'timestamp'>,
  minTip: bigint,
): BlockConditions {
  const blobs = blobParameters(config, timestamp);
  return {
    baseFee: nextBaseFee(config, parent),
    minTip,
    blobFee: blobs && blobBaseFee(nextExcessBlobGas(config, blobs, parent, timestamp), blobs),
    gasCap: transactionLimits(config, { number: parent.number + 1, timestamp, gasLimit: parent.gasLimit }).maxGas,
    sidecarVersion: timestamp >= config.forks.osaka ? 1 : 0,
  };
}

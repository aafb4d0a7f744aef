import { blobParameters } from '../../../validation/chain-config.ts';
import { nextBaseFee } from '../../../validation/fees.ts';
import { blockNumber } from '../../codec/block-id.ts';
import { parameter, safeQuantity, toQuantity } from '../../codec/hex.ts';
import { blobFeeOf, createFeeHistory, followingBaseFee } from '../../fees/fee-history.ts';
import { method, optional } from '../../transport/api.ts';
import type { EthParts, Methods } from './parts.ts';

const quantityParameter = parameter(safeQuantity);

/** Methods about the price of gas. */
export function feeMethods({ chain, view, tips }: EthParts): Methods {
  const { config } = chain.genesis;
  const history = createFeeHistory(view, config);
  return {
    maxPriorityFeePerGas: method([], async () => toQuantity(await tips.suggest())),
    gasPrice: method([], async () =>
      toQuantity((await tips.suggest()) + followingBaseFee(await view.latest(), config)),
    ),
    baseFee: method([], async () => {
      const latest = await view.latest();
      return latest.number + 1 < config.forks.london ? null : toQuantity(nextBaseFee(config, latest));
    }),
    blobBaseFee: method([], async () => {
      const latest = await view.latest();
      const hasBlobs = latest.excessBlobGas !== undefined && blobParameters(config, latest.timestamp) !== undefined;
      return hasBlobs ? toQuantity(blobFeeOf(latest, config)) : null;
    }),
    feeHistory: method([blockCount, blockNumber, optional(percentiles)], (count, last, wanted) =>
      history.read(count, last, wanted),
    ),
  };
}

/** A number in hex, or in decimal digits as go-ethereum accepts it. */
function blockCount(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  return quantityParameter(value);
}

function percentiles(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'number'))
    throw new Error('expected a list of numbers');
  return value;
}

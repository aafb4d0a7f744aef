import type { Header, Transaction } from '@devp2p/eth';
import type { BlobParameters, ChainConfig } from './chain-config.ts';

/** The first base fee, in wei (EIP-1559's INITIAL_BASE_FEE). */
export const initialBaseFee = 1_000_000_000n;
/** Ratio of gas limit to gas target (EIP-1559). */
export const elasticity = 2n;
/** Gas of a blob (EIP-4844's GAS_PER_BLOB). */
export const gasPerBlob = 131_072;
/** The execution cost of a blob, which determines its reserve price (EIP-7918's BLOB_BASE_COST). */
const blobBaseCost = 8192n;

/** The base fee of the block after `parent`, in wei (EIP-1559). */
export function nextBaseFee(config: ChainConfig, parent: Header): bigint {
  const { baseFeePerGas: fee } = parent;
  if (parent.number < config.forks.london || fee === undefined) return initialBaseFee;
  const used = BigInt(parent.gasUsed);
  const target = BigInt(parent.gasLimit) / elasticity;
  if (used === target) return fee;
  if (used > target) {
    const change = (fee * (used - target)) / target / 8n;
    return fee + (change > 0n ? change : 1n);
  }
  return fee - (fee * (target - used)) / target / 8n;
}

/** The price of a unit of gas in a block, in wei (EIP-1559). */
export function effectiveGasPrice(transaction: Transaction, baseFee: bigint | undefined): bigint {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  if (gasPrice !== undefined) return gasPrice;
  const cap = maxFeePerGas ?? 0n;
  const wanted = (baseFee ?? 0n) + (maxPriorityFeePerGas ?? 0n);
  return wanted < cap ? wanted : cap;
}

/** The excess blob gas of a block with the given time after `parent` (EIP-4844; EIP-7918 from Osaka on). */
export function nextExcessBlobGas(
  config: ChainConfig,
  blobs: BlobParameters,
  parent: Header,
  timestamp: number,
): number {
  const excess = parent.excessBlobGas ?? 0;
  const used = parent.blobGasUsed ?? 0;
  const target = blobs.target * gasPerBlob;
  if (excess + used < target) return 0;
  if (timestamp >= config.forks.osaka) {
    const reserve = blobBaseCost * (parent.baseFeePerGas ?? 0n);
    if (isBlobCheaperThan(reserve, excess, blobs)) {
      return blobs.max === 0 ? excess : excess + Math.floor((used * (blobs.max - blobs.target)) / blobs.max);
    }
  }
  return excess + used - target;
}

/** The price of a unit of blob gas in a block with the given excess, in wei (EIP-4844). */
export function blobBaseFee(excessBlobGas: number, blobs: BlobParameters): bigint {
  const fraction = blobs.baseFeeUpdateFraction;
  const numerator = BigInt(excessBlobGas);
  let sum = 0n;
  let term = fraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * numerator) / (fraction * i);
  }
  return sum / fraction;
}

/**
 * Whether a blob costs less than `price`. The sum that approximates e^(excess / fraction) only grows, so it ends as soon
 * as it exceeds the price, however large the excess is.
 */
function isBlobCheaperThan(price: bigint, excess: number, blobs: BlobParameters): boolean {
  const fraction = blobs.baseFeeUpdateFraction;
  const numerator = BigInt(excess);
  const gas = BigInt(gasPerBlob);
  let sum = 0n;
  let term = fraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    if ((sum / fraction) * gas >= price) return false;
    term = (term * numerator) / (fraction * i);
  }
  return true;
}

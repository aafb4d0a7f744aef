import { toHex } from '@devp2p/bytes';
import { type Receipt, receiptCodec, type SealedHeader } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { blobParameters, type ChainConfig } from '../../validation/chain-config.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { blobBaseFee, effectiveGasPrice, gasPerBlob, nextBaseFee, nextExcessBlobGas } from '../../validation/fees.ts';
import type { BlockTag } from '../codec/block-id.ts';
import { toQuantity } from '../codec/hex.ts';
import type { ChainView, ViewedBlock } from '../namespaces/chain-view.ts';
import { RpcError } from '../transport/rpc-error.ts';

/** Blocks of a request; more are cut (go-ethereum, `MaxBlockHistory`). */
const maxBlocks = 1_024;
const maxPercentiles = 100;
/** Blocks whose tips are kept (go-ethereum: 2,048). */
const maxCached = 2_048;

/** Tips of a block, ascending, with the gas of their transactions. */
interface Tips {
  readonly tips: readonly bigint[];
  readonly gas: Float64Array;
}

/** Fees of past blocks. */
export interface FeeHistory {
  /**
   * The result of `eth_feeHistory`.
   *
   * @throws RpcError `failed` for percentiles that do not ascend from 0 to 100, and a last block above the head
   */
  read(count: number, last: BlockTag | number, percentiles: readonly number[] | undefined): Promise<unknown>;
}

/** @throws RpcError */
function checkPercentiles(percentiles: readonly number[]): void {
  if (percentiles.length > maxPercentiles) {
    throw new RpcError('failed', `invalid reward percentile: over the query limit ${maxPercentiles}`);
  }
  for (const [i, percentile] of percentiles.entries()) {
    const before = percentiles[i - 1];
    if (percentile < 0 || percentile > 100) throw new RpcError('failed', `invalid reward percentile: ${percentile}`);
    if (before !== undefined && percentile <= before) {
      throw new RpcError('failed', `invalid reward percentile: #${i - 1}:${before} >= #${i}:${percentile}`);
    }
  }
}

export function createFeeHistory(
  view: Pick<ChainView, 'latest' | 'header' | 'block'>,
  config: ChainConfig,
): FeeHistory {
  const cache = new Map<string, Tips>();
  const tipsOf = async (header: SealedHeader): Promise<Tips> => {
    const key = toHex(header.hash);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const block = await view.block(header.hash);
    if (block === undefined) throw new RpcError('failed', 'the chain changed during the request: repeat it');
    const tips = readTips(block);
    cache.set(key, tips);
    const [oldest] = cache.keys();
    if (cache.size > maxCached && oldest !== undefined) cache.delete(oldest);
    return tips;
  };
  return {
    async read(count, last, percentiles = []) {
      if (count < 1) return { oldestBlock: '0x0', gasUsedRatio: null };
      checkPercentiles(percentiles);
      const { number: head } = await view.latest();
      if (typeof last === 'number' && last > head) {
        throw new RpcError('failed', `request beyond head block: requested ${last}, head ${head}`);
      }
      // No pending block is built, so that it counts as one without data.
      const wanted = Math.min(count, maxBlocks) - (last === 'pending' ? 1 : 0);
      if (wanted === 0) return { oldestBlock: '0x0', gasUsedRatio: null };
      const end = await view.header(last === 'pending' ? 'latest' : last);
      if (end === undefined) throw new RpcError('failed', 'the chain changed during the request: repeat it');
      const first = Math.max(0, end.number - wanted + 1);
      const headers: SealedHeader[] = [];
      for (let number = first; number < end.number; number++) {
        const header = await view.header(number);
        if (header === undefined) throw new RpcError('failed', 'the chain changed during the request: repeat it');
        headers.push(header);
      }
      headers.push(end);
      const reward: string[][] = [];
      if (percentiles.length > 0) {
        for (const header of headers) {
          reward.push(rewardsAt(await tipsOf(header), header.gasUsed, percentiles));
        }
      }
      const blobFees = headers.map((header) => blobFeeOf(header, config));
      return {
        oldestBlock: toQuantity(first),
        ...(percentiles.length > 0 && { reward }),
        baseFeePerGas: [...headers.map(({ baseFeePerGas = 0n }) => baseFeePerGas), followingBaseFee(end, config)].map(
          toQuantity,
        ),
        gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => gasUsed / Math.max(1, Number(gasLimit))),
        baseFeePerBlobGas: [...blobFees, followingBlobFee(end, config)].map(toQuantity),
        blobGasUsedRatio: headers.map((header) => blobRatio(header, config)),
      };
    },
  };
}

/** The base fee of the next block; 0 before London. */
export function followingBaseFee(header: SealedHeader, config: ChainConfig): bigint {
  return header.number + 1 < config.forks.london ? 0n : nextBaseFee(config, header);
}

/** The blob base fee of a block; 0 before Cancun. */
export function blobFeeOf({ excessBlobGas, timestamp }: SealedHeader, config: ChainConfig): bigint {
  const blobs = blobParameters(config, timestamp);
  return excessBlobGas === undefined || blobs === undefined ? 0n : blobBaseFee(excessBlobGas, blobs);
}

/** The blob base fee of the next block by the rules of this one, since the time of the next one is not known. */
function followingBlobFee(header: SealedHeader, config: ChainConfig): bigint {
  const blobs = blobParameters(config, header.timestamp);
  if (header.excessBlobGas === undefined || blobs === undefined) return 0n;
  return blobBaseFee(nextExcessBlobGas(config, blobs, header, header.timestamp), blobs);
}

function blobRatio({ blobGasUsed, timestamp }: SealedHeader, config: ChainConfig): number {
  const max = blobParameters(config, timestamp)?.max ?? 0;
  return blobGasUsed === undefined || max === 0 ? 0 : blobGasUsed / (max * gasPerBlob);
}

function readTips({ header, body, receipts }: ViewedBlock): Tips {
  const { length } = body.transactions;
  if (receipts === undefined && length > 0) {
    throw new RpcError('pruned-history', `receipts of block ${header.number} are not held`);
  }
  const base = header.baseFeePerGas ?? 0n;
  const all: { tip: bigint; gas: number }[] = [];
  let before = 0;
  for (let index = 0; index < length; index++) {
    const { cumulativeGas }: Receipt = decode(receiptCodec, (receipts as { at(i: number): Uint8Array }).at(index));
    const tip = effectiveGasPrice(decodeTransaction(body.transactions.at(index)), header.baseFeePerGas) - base;
    all.push({ tip, gas: cumulativeGas - before });
    before = cumulativeGas;
  }
  all.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  return { tips: all.map(({ tip }) => tip), gas: Float64Array.from(all, ({ gas }) => gas) };
}

/** The tips at shares of the gas that a block has used. */
function rewardsAt({ tips, gas }: Tips, gasUsed: number, percentiles: readonly number[]): string[] {
  let at = 0;
  let sum = gas[0] ?? 0;
  return percentiles.map((percentile) => {
    const threshold = Math.floor((gasUsed * percentile) / 100);
    while (sum < threshold && at < tips.length - 1) {
      at += 1;
      sum += gas[at] as number;
    }
    return toQuantity(tips[at] ?? 0n);
  });
}

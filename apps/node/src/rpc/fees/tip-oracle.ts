import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { recoverSender } from '@devp2p/eth';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { effectiveGasPrice } from '../../validation/fees.ts';
import type { ChainView, ViewedBlock } from '../namespaces/chain-view.ts';

/** How the tip is suggested. Prices in wei. The defaults are go-ethereum's (`ethconfig.FullNodeGPO`). */
const settings = {
  /** Recent blocks that are looked at; up to twice that number, if they have few transactions. */
  blocks: 20,
  /** Lowest tips of each block. */
  samples: 3,
  percentile: 60,
  /** Lower tips are those of the block's builder. */
  minTip: 2n,
  maxTip: 500_000_000_000n,
  /** Tip without any transaction: the lowest with which blocks are built. */
  start: 1_000_000n,
};

/** Suggests a tip for new transactions. */
export interface TipOracle {
  /** In wei per unit of gas. */
  suggest(): Promise<bigint>;
}

/** Creates an oracle that looks at the cheapest transactions of recent blocks, once for each head. */
export function createTipOracle(view: Pick<ChainView, 'latest' | 'block'>, crypto: Crypto): TipOracle {
  let last: { readonly hash: Uint8Array; readonly tip: Promise<bigint> } | undefined;
  let previous = settings.start;

  const compute = async (head: number): Promise<bigint> => {
    const tips: bigint[] = [];
    for (let looked = 0, number = head; number > 0 && looked < 2 * settings.blocks; looked++, number--) {
      if (looked >= settings.blocks && tips.length >= 2 * settings.blocks) break;
      const block = await view.block(number);
      const found = block === undefined ? [] : lowestTips(block, crypto);
      if (looked >= settings.blocks && found.length === 0) continue;
      tips.push(...(found.length === 0 ? [previous] : found));
    }
    tips.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const tip = tips[Math.floor(((tips.length - 1) * settings.percentile) / 100)] ?? previous;
    previous = tip > settings.maxTip ? settings.maxTip : tip;
    return previous;
  };

  return {
    async suggest() {
      const { hash, number } = await view.latest();
      if (last === undefined || !equalBytes(last.hash, hash)) {
        const tip = compute(number);
        last = { hash, tip };
        // The next call tries again.
        tip.catch(() => {
          last = undefined;
        });
      }
      return last.tip;
    },
  };
}

/** The lowest tips of a block that others than its builder have paid. */
function lowestTips({ header, body }: ViewedBlock, crypto: Crypto): bigint[] {
  const base = header.baseFeePerGas ?? 0n;
  const all = [...body.transactions].map((raw) => {
    const transaction = decodeTransaction(raw);
    return { raw, tip: effectiveGasPrice(transaction, header.baseFeePerGas) - base };
  });
  all.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  const tips: bigint[] = [];
  for (const { raw, tip } of all) {
    if (tips.length === settings.samples) break;
    if (tip < settings.minTip) continue;
    const sender = recoverSender(raw, crypto);
    if (sender !== undefined && !equalBytes(sender, header.beneficiary)) tips.push(tip);
  }
  return tips;
}

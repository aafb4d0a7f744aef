import { fastCrypto } from '@devp2p/crypto/fast';
import { sealHeader } from '@devp2p/eth';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { blocks } from './demo-blocks.ts';

/** The demo chain with a branch of empty blocks from number `from` on. */
export function sideChain(from: number, length: number, extraData: Uint8Array = Uint8Array.of(1)): CompleteBlock[] {
  const all = blocks.slice(0, from);
  const empty = blocks.find(({ body }) => body.transactions.length === 0) as CompleteBlock;
  for (let i = 0; i < length; i++) {
    const parent = all.at(-1) as CompleteBlock;
    const header = sealHeader(
      {
        ...(blocks[from + i] as CompleteBlock).header,
        parentHash: parent.header.hash,
        transactionsRoot: empty.header.transactionsRoot,
        receiptsRoot: empty.header.receiptsRoot,
        withdrawalsRoot: (blocks[1] as CompleteBlock).header.withdrawalsRoot as Uint8Array,
        logsBloom: new Uint8Array(256),
        gasUsed: 0,
        ...(from + i >= 256 ? { blobGasUsed: 0 } : {}),
        extraData,
      },
      fastCrypto,
    );
    all.push({ header, body: (blocks[1] as CompleteBlock).body, receipts: empty.receipts });
  }
  return all;
}

import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, sealHeader } from '@devp2p/eth';
import { emptyBlocks, type MemoryBlock, type MemoryChain, memoryChain } from '@devp2p/eth/memory';

/** Network id of most nodes. */
export const networkId = 1337n;

/** Block interval in ms. */
const blockInterval = 12_000;

/** Creates a chain of empty blocks that gets a new head in each block interval while the process runs. */
export function growingChain(networkId: bigint, crypto: Crypto): MemoryChain {
  const [block] = emptyBlocks(1, crypto);
  if (!block) throw new Error('no block');
  let head = decodeHeader(block.header, crypto);
  const seal = (fields: Partial<typeof head>): MemoryBlock => {
    head = sealHeader({ ...head, ...fields }, crypto);
    return { ...block, header: head.raw };
  };
  // Each network has its own genesis block.
  const chain = memoryChain({ networkId, crypto, blocks: [seal({ gasLimit: Number(networkId) })] });
  const grow = (): void => {
    const [parentHash, timestamp] = [head.hash, Math.floor(Date.now() / 1000)];
    chain.append(seal({ parentHash, timestamp, number: head.number + 1 }));
  };
  grow();
  setInterval(grow, blockInterval).unref();
  return chain;
}

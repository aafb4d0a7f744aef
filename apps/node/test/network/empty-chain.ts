import type { Chain } from '@devp2p/eth';

/** A chain that has its genesis block and cannot even serve that. */
export function emptyChain({ networkId = 1n } = {}): Chain {
  const genesisHash = new Uint8Array(32).fill(7);
  return {
    networkId,
    genesisHash,
    forks: { blocks: [], times: [] },
    range: () => ({
      earliest: 0,
      latest: 0,
      latestHash: genesisHash,
      latestTime: 0,
      totalDifficulty: 1n,
    }),
    headers: async () => [],
    bodies: async (hashes) => hashes.map(() => undefined),
    receipts: async (hashes) => hashes.map(() => undefined),
    onHead: () => () => {},
  };
}

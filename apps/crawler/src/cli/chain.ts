import type { ChainFilter } from '../chain-filter.ts';
import { networks } from '../networks.ts';
import type { ChainSettings } from './flags.ts';

/** Which chain the flags ask for. */
export function chainFilter({ network, networkid, genesis, forkid }: ChainSettings): ChainFilter {
  if (network !== undefined) return networks[network].chain;
  return { networkId: networkid, genesis, forkId: forkid };
}

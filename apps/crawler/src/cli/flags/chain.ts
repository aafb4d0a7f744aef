import { toHex } from '@devp2p/enr';
import type { ChainFilter } from '../../model/chain-filter.ts';
import { networks } from '../../model/networks.ts';
import type { ChainSettings } from './flags.ts';

/** Which chain the flags ask for. */
export function chainFilter({ network, networkid, genesis, forkid }: ChainSettings): ChainFilter {
  if (network !== undefined) return networks[network].chain;
  return { networkId: networkid, genesis, forkId: forkid };
}

/** The chain that the flags ask for, in words; `undefined` when they ask for none. */
export function chainText(settings: ChainSettings): string | undefined {
  const { networkId, genesis, forkId } = chainFilter(settings);
  const parts = [
    networkId !== undefined && `network ${networkId}`,
    genesis !== undefined && `genesis 0x${toHex(genesis)}`,
    forkId !== undefined &&
      `fork 0x${forkId.hash.toString(16).padStart(8, '0')}${forkId.next === undefined ? '' : `/${forkId.next}`}`,
  ].filter(Boolean);
  if (parts.length === 0) return undefined;
  const { network } = settings;
  return `${network === undefined ? '' : `${network}, `}${parts.join(', ')}`;
}

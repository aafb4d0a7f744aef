import { toHex } from '@devp2p/bytes';
import type { ChainFilter } from '../../model/chain-filter.ts';
import { networks } from '../../model/networks.ts';
import type { ChainSettings } from './flags.ts';

/** Returns the filter of the requested chain. */
export function chainFilter({ network, networkid, genesis, forkid }: ChainSettings): ChainFilter {
  if (network !== undefined) return networks[network].chain;
  return { networkId: networkid, genesis, forkId: forkid };
}

/** Describes the requested chain; `undefined` when the flags request none. */
export function requestedChain(settings: ChainSettings): string | undefined {
  const { networkId, genesis, forkId } = chainFilter(settings);
  const parts = [
    networkId !== undefined && `network ${networkId}`,
    genesis !== undefined && `genesis 0x${toHex(genesis)}`,
    forkId !== undefined && `fork ${forkIdText(forkId)}`,
  ].filter(Boolean);
  if (parts.length === 0) return undefined;
  const { network } = settings;
  return `${network === undefined ? '' : `${network}, `}${parts.join(', ')}`;
}

function forkIdText({ hash, next }: NonNullable<ChainFilter['forkId']>): string {
  const suffix = next === undefined ? '' : `/${next}`;
  return `0x${hash.toString(16).padStart(8, '0')}${suffix}`;
}

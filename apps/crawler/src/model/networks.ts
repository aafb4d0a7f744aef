import { type NetworkName, networkNames, networks as presets } from '@devp2p/appkit/networks';
import { fromHex } from '@devp2p/bytes';
import type { ChainFilter } from './chain-filter.ts';

export { type NetworkName, networkNames };

/** Built-in settings of a network. */
export interface Network {
  readonly chain: ChainFilter;
  /** Records, then `enode://` URLs. */
  readonly bootnodes: readonly string[];
  /** `enrtree://` URLs. */
  readonly dnsLists: readonly string[];
}

export const networks: Readonly<Record<NetworkName, Network>> = {
  mainnet: settingsOf('mainnet'),
  sepolia: settingsOf('sepolia'),
  hoodi: settingsOf('hoodi'),
};

function settingsOf(name: NetworkName): Network {
  const { networkId, genesisHash, forks, bootnodes, dnsLists } = presets[name];
  return { chain: { networkId, genesis: fromHex(genesisHash), forks }, bootnodes, dnsLists };
}

import type { SyncState } from '../../backend.ts';
import { toQuantity } from '../../codec/hex.ts';
import { method } from '../../transport/api.ts';
import type { EthParts, Methods } from './parts.ts';

/** Methods about the chain and the node. */
export function infoMethods({ chain, view, syncState }: EthParts): Methods {
  return {
    chainId: method([], () => toQuantity(chain.genesis.config.chainId)),
    blockNumber: method([], async () => toQuantity((await view.latest()).number)),
    accounts: method([], () => []),
    syncing: method([], async () => {
      const state = await syncState();
      return state !== undefined && syncStateJson(state);
    }),
  };
}

/** Progress of a sync as `eth_syncing` shows it. */
export function syncStateJson({ starting, current, highest }: SyncState): object {
  return {
    startingBlock: toQuantity(starting),
    currentBlock: toQuantity(current),
    highestBlock: toQuantity(highest),
  };
}

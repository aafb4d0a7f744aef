import { chainConfigJson } from '../../codec/chain-config.ts';
import { toData, toQuantity } from '../../codec/hex.ts';
import { method } from '../../transport/api.ts';
import type { EthParts, Methods } from './parts.ts';

const noAddress: Uint8Array = new Uint8Array(20);

/** Data that the node has from a block on. */
interface Resource {
  readonly disabled: boolean;
  readonly oldestBlock?: string;
  readonly deleteStrategy?: { readonly type: 'window'; readonly retentionBlocks: string };
}

/** Methods about the rules of the chain and the data that the node has. */
export function capabilityMethods({ chain, view }: EthParts): Methods {
  return {
    config: method([], async () => chainConfigJson(chain.genesis, (await view.latest()).timestamp)),
    capabilities: method([], async () => {
      const { number, hash } = await view.latest();
      const { states, transactionIndex, logIndex } = chain;
      const blocks = from(chain.range().earliest);
      const state: Resource = states === undefined ? { disabled: true } : window(number, states.depth);
      return {
        head: { number: toQuantity(number), hash: toData(hash) },
        state,
        tx: transactionIndex.isEnabled ? from(transactionIndex.first) : { disabled: true },
        logs: logIndex.isEnabled ? from(logIndex.first) : blocks,
        receipts: blocks,
        blocks,
        stateproofs: state,
      };
    }),
    // The beneficiary of a payload is named by the consensus client.
    coinbase: method([], () => toData(noAddress)),
  };
}

function from(block: number): Resource {
  return { disabled: false, oldestBlock: toQuantity(block) };
}

/** Data of the last blocks. */
function window(head: number, blocks: number): Resource {
  return {
    ...from(Math.max(0, head + 1 - blocks)),
    deleteStrategy: { type: 'window', retentionBlocks: toQuantity(blocks) },
  };
}

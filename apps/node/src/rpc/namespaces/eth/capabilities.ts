import type { IndexState } from '../../../chain/interfaces.ts';
import { chainConfigJson } from '../../codec/chain-config.ts';
import { toData, toQuantity } from '../../codec/hex.ts';
import { method } from '../../transport/api.ts';
import type { EthParts, Methods } from './parts.ts';

const noAddress: Uint8Array = new Uint8Array(20);

/** Data that the node has from a block on. */
interface Resource {
  readonly disabled: boolean;
  readonly oldestBlock?: string;
  readonly deleteStrategy?: { readonly type: 'window'; readonly retentionBlocks: string } | undefined;
}

/** Methods about the rules of the chain and the data that the node has. */
export function capabilityMethods({ chain, view }: EthParts): Methods {
  return {
    config: method([], async () => chainConfigJson(chain.genesis, (await view.latest()).timestamp)),
    capabilities: method([], async () => {
      const { number, hash } = await view.latest();
      const { states, transactionIndex, logIndex } = chain;
      const blocks = from(chain.range().earliest);
      const state: Resource = states === undefined ? { disabled: true } : recent(number, states.depth);
      return {
        head: { number: toQuantity(number), hash: toData(hash) },
        state,
        tx: indexed(transactionIndex),
        // Without an index, logs are found by the blooms of headers.
        logs: logIndex.isEnabled ? indexed(logIndex) : blocks,
        receipts: blocks,
        blocks,
        stateproofs: state,
      };
    }),
    // The beneficiary of a payload is named by the consensus client.
    coinbase: method([], () => toData(noAddress)),
  };
}

function indexed({ isEnabled, first, window }: IndexState): Resource {
  if (!isEnabled) return { disabled: true };
  return { ...from(first), ...(window > 0 && { deleteStrategy: lastBlocks(window) }) };
}

function from(block: number): Resource {
  return { disabled: false, oldestBlock: toQuantity(block) };
}

/** Data of the last blocks. */
function recent(head: number, blocks: number): Resource {
  return {
    ...from(Math.max(0, head + 1 - blocks)),
    deleteStrategy: lastBlocks(blocks),
  };
}

function lastBlocks(count: number): Resource['deleteStrategy'] {
  return { type: 'window', retentionBlocks: toQuantity(count) };
}

import { accessListJson } from '../../codec/access-list.ts';
import { blockJson, blockTransactionJson, headerJson, uncleJson } from '../../codec/block.ts';
import { type BlockId, blockHash, blockId, blockNumber } from '../../codec/block-id.ts';
import { parameter, safeQuantity, toData, toQuantity } from '../../codec/hex.ts';
import { receiptsJson } from '../../codec/receipt.ts';
import { method } from '../../transport/api.ts';
import { accessListOf } from '../block-access-list.ts';
import { heldReceipts, type ViewedBlock } from '../chain-view.ts';
import { boolean, type EthParts, type Methods } from './parts.ts';

const index = parameter(safeQuantity);

/** Methods about blocks, and about the parts of a block that is named. */
export function blockMethods(parts: EthParts): Methods {
  const { chain, view, crypto, identities } = parts;
  const { config } = chain.genesis;

  /** Defines a method twice: with a block number and with a block hash as its first parameter. */
  const byNumberOrHash = ([byNumber, byHash]: readonly [string, string], show: (block: ViewedBlock) => unknown) => {
    const run = async (id: BlockId): Promise<unknown> => {
      const block = await view.block(id);
      return block === undefined ? null : show(block);
    };
    return { [byNumber]: method([blockNumber], run), [byHash]: method([blockHash], run) };
  };
  /** The same with the index of a part of the block. */
  const partOf = (
    [byNumber, byHash]: readonly [string, string],
    list: 'transactions' | 'uncles',
    show: (block: ViewedBlock, index: number, raw: Uint8Array) => unknown,
  ) => {
    const run = async (id: BlockId, at: number): Promise<unknown> => {
      const block = await view.block(id);
      if (block === undefined || at >= block.body[list].length) return null;
      return show(block, at, block.body[list].at(at));
    };
    return {
      [byNumber]: method([blockNumber, index], run),
      [byHash]: method([blockHash, index], run),
    };
  };
  const getBlock = async (id: BlockId, whole: boolean): Promise<unknown> => {
    const block = await view.block(id);
    return block === undefined ? null : blockJson(block.header, block.body, whole, crypto, identities);
  };
  const getHeader = async (id: BlockId): Promise<unknown> => {
    const header = await view.header(id);
    return header === undefined ? null : headerJson(header);
  };

  return {
    getBlockByNumber: method([blockNumber, boolean], getBlock),
    getBlockByHash: method([blockHash, boolean], getBlock),
    getHeaderByNumber: method([blockNumber], getHeader),
    getHeaderByHash: method([blockHash], getHeader),
    getBlockReceipts: method([blockId], async (id) => {
      const block = await view.block(id);
      if (block === undefined) return null;
      const { header, body } = block;
      return receiptsJson(header, body.transactions, heldReceipts(block), { config, crypto, identities });
    }),
    getBlockAccessList: method([blockId], async (id) => {
      const list = await accessListOf(parts, id);
      return list === undefined ? null : accessListJson(list);
    }),
    ...byNumberOrHash(['getBlockTransactionCountByNumber', 'getBlockTransactionCountByHash'], ({ body }) =>
      toQuantity(body.transactions.length),
    ),
    ...byNumberOrHash(['getUncleCountByBlockNumber', 'getUncleCountByBlockHash'], ({ body }) =>
      toQuantity(body.uncles.length),
    ),
    ...partOf(
      ['getTransactionByBlockNumberAndIndex', 'getTransactionByBlockHashAndIndex'],
      'transactions',
      ({ header, body }, at) => blockTransactionJson(header, body.transactions, at, identities),
    ),
    ...partOf(
      ['getRawTransactionByBlockNumberAndIndex', 'getRawTransactionByBlockHashAndIndex'],
      'transactions',
      (_, _at, raw) => toData(raw),
    ),
    ...partOf(['getUncleByBlockNumberAndIndex', 'getUncleByBlockHashAndIndex'], 'uncles', (_, _at, raw) =>
      uncleJson(raw, crypto),
    ),
  };
}

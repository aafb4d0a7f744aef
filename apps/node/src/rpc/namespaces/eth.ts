import type { Crypto } from '@devp2p/crypto';
import type { ChainRules } from '../../chain/interfaces.ts';
import { blockJson, blockTransactionJson, headerJson, uncleJson } from '../codec/block.ts';
import { type BlockId, blockHash, blockId, blockNumber } from '../codec/block-id.ts';
import { parameter, safeQuantity, toData, toQuantity } from '../codec/hex.ts';
import { receiptsJson } from '../codec/receipt.ts';
import { method, type Namespace } from '../transport/api.ts';
import { RpcError } from '../transport/rpc-error.ts';
import { type BlockTags, chainView, type ViewedBlock, type ViewedChain } from './chain-view.ts';
import { findLogs, logFilter } from './logs.ts';

/** Progress of a sync, in block numbers; `undefined` once the chain has reached the target. */
export interface SyncState {
  readonly starting: number;
  readonly current: number;
  readonly highest: number;
}

/** Data sources of the methods. */
export interface EthParts {
  readonly chain: ChainRules & ViewedChain;
  readonly tags: BlockTags;
  readonly syncState: () => Promise<SyncState | undefined>;
  readonly crypto: Crypto;
}

/** Methods that need state, execution or pending transactions. */
const stateMethods = [
  'call',
  'createAccessList',
  'estimateGas',
  'getBalance',
  'getCode',
  'getProof',
  'getStorageAt',
  'getStorageValues',
  'getTransactionCount',
  'sendRawTransaction',
  'sendRawTransactionSync',
  'simulateV1',
];
/** A transaction by its hash alone. */
const indexMethods = ['getTransactionByHash', 'getTransactionReceipt', 'getRawTransactionByHash'];

/** `eth_*` methods that need only blocks and receipts of the chain (execution-apis). */
export function ethNamespace({ chain, tags, syncState, crypto }: EthParts): Namespace {
  const { config } = chain.genesis;
  const view = chainView(chain, tags);
  const index = parameter(safeQuantity);
  const boolean = (value: unknown): boolean => {
    if (typeof value !== 'boolean') throw new Error('expected true or false');
    return value;
  };

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
    return block === undefined ? null : blockJson(block.header, block.body, whole, crypto);
  };
  const getHeader = async (id: BlockId): Promise<unknown> => {
    const header = await view.header(id);
    return header === undefined ? null : headerJson(header);
  };

  return {
    methods: {
      chainId: method([], () => toQuantity(config.chainId)),
      blockNumber: method([], async () => toQuantity((await view.latest()).number)),
      accounts: method([], () => []),
      syncing: method([], async () => {
        const state = await syncState();
        return (
          state !== undefined && {
            startingBlock: toQuantity(state.starting),
            currentBlock: toQuantity(state.current),
            highestBlock: toQuantity(state.highest),
          }
        );
      }),
      getBlockByNumber: method([blockNumber, boolean], getBlock),
      getBlockByHash: method([blockHash, boolean], getBlock),
      getHeaderByNumber: method([blockNumber], getHeader),
      getHeaderByHash: method([blockHash], getHeader),
      getBlockReceipts: method([blockId], async (id) => {
        const block = await view.block(id);
        if (block === undefined) return null;
        const { header, body, receipts } = block;
        if (receipts === undefined) {
          throw new RpcError('pruned-history', `receipts of block ${header.number} are not held`);
        }
        return receiptsJson(header, body.transactions, receipts, { config, crypto });
      }),
      getLogs: method([logFilter], (filter) => findLogs(filter, view, crypto)),
      ...byNumberOrHash(['getBlockTransactionCountByNumber', 'getBlockTransactionCountByHash'], ({ body }) =>
        toQuantity(body.transactions.length),
      ),
      ...byNumberOrHash(['getUncleCountByBlockNumber', 'getUncleCountByBlockHash'], ({ body }) =>
        toQuantity(body.uncles.length),
      ),
      ...partOf(
        ['getTransactionByBlockNumberAndIndex', 'getTransactionByBlockHashAndIndex'],
        'transactions',
        ({ header }, at, raw) => blockTransactionJson(header, at, raw, crypto),
      ),
      ...partOf(
        ['getRawTransactionByBlockNumberAndIndex', 'getRawTransactionByBlockHashAndIndex'],
        'transactions',
        (_, _at, raw) => toData(raw),
      ),
      ...partOf(['getUncleByBlockNumberAndIndex', 'getUncleByBlockHashAndIndex'], 'uncles', (_, _at, raw) =>
        uncleJson(raw, crypto),
      ),
      ...unavailable(stateMethods, 'state is not available without execution'),
      ...unavailable(indexMethods, 'transactions are not indexed by hash: request their block'),
    },
  };
}

function unavailable(names: readonly string[], reason: string): Namespace['methods'] {
  const refuse = (): never => {
    throw new RpcError('failed', reason);
  };
  return Object.fromEntries(names.map((name) => [name, refuse]));
}

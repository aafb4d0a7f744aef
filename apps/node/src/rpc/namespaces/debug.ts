import { consensusReceipts, type SealedHeader } from '@devp2p/eth';
import { encodeBlock } from '../../chain/files/block-rlp.ts';
import type { Backend } from '../backend.ts';
import { blockJson } from '../codec/block.ts';
import { type BlockId, blockId } from '../codec/block-id.ts';
import { data, parameter, toData } from '../codec/hex.ts';
import { TransactionIdentities } from '../codec/transaction-identities.ts';
import { method, type Namespace } from '../transport/api.ts';
import { RpcError } from '../transport/rpc-error.ts';
import { accessListOf } from './block-access-list.ts';
import { chainView, heldReceipts, type ViewedBlock } from './chain-view.ts';
import { findMined } from './eth/transactions.ts';
import { traceMethods } from './trace.ts';

const hashParameter = parameter(data(32));

/** `debug_*`: blocks as they are encoded, and invalid ones. */
export function debugNamespace(backend: Backend): Namespace {
  const { chain, tags, pool, crypto, badBlocks = () => [] } = backend;
  const view = chainView(chain, tags);
  const identities = new TransactionIdentities(crypto);
  const headerOf = async (id: BlockId): Promise<SealedHeader> => {
    const header = await view.header(id);
    if (header === undefined) throw new RpcError('failed', 'header not found');
    return header;
  };
  const blockOf = async (id: BlockId): Promise<ViewedBlock> => {
    const block = await view.block(id);
    if (block === undefined) throw new RpcError('failed', 'block not found');
    return block;
  };
  return {
    methods: {
      ...traceMethods({ ...backend, view }),
      getRawHeader: method([blockId], async (id) => toData((await headerOf(id)).raw)),
      getRawBlock: method([blockId], async (id) => {
        const { header, body } = await blockOf(id);
        return toData(encodeBlock(header.raw, body.raw));
      }),
      getRawReceipts: method([blockId], async (id) => {
        const receipts = heldReceipts(await blockOf(id));
        return [...consensusReceipts(receipts, crypto).receipts].map(toData);
      }),
      getRawTransaction: method([hashParameter], async (hash) => {
        const pooled = await pool?.get(hash);
        if (pooled !== undefined) return toData(pooled.raw);
        const found = await findMined({ chain, view }, hash);
        return found === undefined ? null : toData(found.body.transactions.at(found.index));
      }),
      getRawBlockAccessList: method([blockId], async (id) => {
        const list = await accessListOf({ chain, view }, id);
        return list === undefined ? null : toData(list);
      }),
      getBadBlocks: method([], () =>
        Promise.all(
          badBlocks().map(async ({ header, body }) => ({
            hash: toData(header.hash),
            block: await blockJson(header, body, true, crypto, identities),
            rlp: toData(encodeBlock(header.raw, body.raw)),
          })),
        ),
      ),
    },
  };
}

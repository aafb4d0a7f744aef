import { decodeTransaction } from '@devp2p/eth';
import type { FoundTransaction } from '../../../chain/interfaces.ts';
import { blockTransactionJson } from '../../codec/block.ts';
import { data, parameter, toData } from '../../codec/hex.ts';
import { receiptJson } from '../../codec/receipt.ts';
import { transactionJson } from '../../codec/transaction.ts';
import { method } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { heldReceipts } from '../chain-view.ts';
import type { EthParts, Methods } from './parts.ts';

const hashParameter = parameter(data(32));

/**
 * Finds a transaction of the canonical chain, up to its latest block.
 *
 * @returns `undefined` for an unknown one
 * @throws RpcError `failed` when it is not found and not all blocks are indexed
 */
export async function findMined(
  { chain, view }: Pick<EthParts, 'chain' | 'view'>,
  hash: Uint8Array,
): Promise<FoundTransaction | undefined> {
  const found = await chain.findTransaction(hash);
  if (found !== undefined) return found.header.number > (await view.latest()).number ? undefined : found;
  const { isEnabled, remaining } = chain.transactionIndex;
  if (!isEnabled) throw new RpcError('failed', 'transactions are not indexed by hash');
  if (remaining > 0) throw new RpcError('failed', 'transaction indexing is in progress');
  return undefined;
}

/** Methods about a transaction by its hash alone. */
export function transactionMethods(parts: EthParts): Methods {
  const { chain, pool, crypto, identities } = parts;
  const { config } = chain.genesis;
  return {
    getTransactionByHash: method([hashParameter], async (hash) => {
      const pooled = await pool?.get(hash);
      if (pooled !== undefined) {
        return transactionJson(decodeTransaction(pooled.raw), undefined, pooled);
      }
      const found = await findMined(parts, hash);
      if (found === undefined) return null;
      const { header, body, index } = found;
      return blockTransactionJson(header, body.transactions, index, identities);
    }),
    getTransactionReceipt: method([hashParameter], async (hash) => {
      const found = await findMined(parts, hash);
      if (found === undefined) return null;
      const { header, body, index } = found;
      return receiptJson(header, body.transactions, heldReceipts(found), index, { config, crypto, identities });
    }),
    getRawTransactionByHash: method([hashParameter], async (hash) => {
      const pooled = await pool?.get(hash);
      if (pooled !== undefined) return toData(pooled.raw);
      const found = await findMined(parts, hash);
      return found === undefined ? null : toData(found.body.transactions.at(found.index));
    }),
  };
}

import type { Backend } from '../backend.ts';
import type { BlockId } from '../codec/block-id.ts';
import { RpcError } from '../transport/rpc-error.ts';
import type { ChainView } from './chain-view.ts';

/**
 * The block access list of a block, as an RLP list (EIP-7928).
 *
 * @returns `undefined` for an unknown block
 * @throws RpcError `not-found` for a block before Amsterdam; `pruned-history` when it is not held
 */
export async function accessListOf(
  { chain, view }: Pick<Backend, 'chain'> & { readonly view: ChainView },
  id: BlockId,
): Promise<Uint8Array | undefined> {
  const header = await view.header(id);
  if (header === undefined) return undefined;
  if (header.blockAccessListHash === undefined) throw new RpcError('not-found', 'Resource not found');
  const accessList = (await chain.blockByHash(header.hash))?.accessList;
  if (accessList === undefined) {
    throw new RpcError('pruned-history', `the access list of block ${header.number} is not held`);
  }
  return accessList;
}

import type { SealedHeader } from '@devp2p/eth';
import type { AccountOverride, BlockOverride, CallResults, CallTask } from '../../../chain/interfaces.ts';
import { CallError } from '../../../errors/call-error.ts';
import { type StateBlockId, stateBlockId } from '../../codec/block-id.ts';
import { blockOverride, type CallArguments, callArguments, stateOverrides } from '../../codec/call.ts';
import { toData, toQuantity } from '../../codec/hex.ts';
import { accessJson } from '../../codec/transaction.ts';
import { method } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { withState } from '../state-errors.ts';
import { type EthParts, type Methods, unavailable } from './parts.ts';

/** Most gas of a call (go-ethereum, `RPCGasCap`). */
const maxCallGas = 50_000_000;

/** Methods that execute a call, and change nothing. */
export function callMethods(parts: EthParts): Methods {
  const { calls } = parts.chain;
  if (calls === undefined) {
    return unavailable(['call', 'createAccessList', 'estimateGas'], 'state is not available without execution');
  }
  return {
    call: method([callArguments, stateBlockId, stateOverrides, blockOverride], async (call, id, accounts, block) =>
      toData(await runCall(parts, 'call', call, id, accounts, block)),
    ),
    estimateGas: method(
      [callArguments, stateBlockId, stateOverrides, blockOverride],
      async (call, id, accounts, block) => toQuantity(await runCall(parts, 'estimate-gas', call, id, accounts, block)),
    ),
    createAccessList: method([callArguments, stateBlockId, stateOverrides], async (call, id, accounts) => {
      const { accessList, gasUsed, error } = await runCall(parts, 'access-list', call, id, accounts);
      return {
        accessList: accessList.map(accessJson),
        ...(error !== undefined && { error }),
        gasUsed: toQuantity(gasUsed),
      };
    }),
  };
}

/**
 * Executes a call on the state after a block.
 *
 * @throws RpcError
 */
export async function runCall<Type extends CallTask['type']>(
  { chain, view }: EthParts,
  type: Type,
  call: CallArguments,
  id: StateBlockId | undefined,
  accounts?: readonly AccountOverride[],
  block?: BlockOverride,
): Promise<CallResults[Type]> {
  const { calls, genesis } = chain;
  if (calls === undefined) throw new RpcError('failed', 'state is not available without execution');
  const { chainId, nonce: _, hasBlobs, ...message } = call;
  if (hasBlobs) throw new RpcError('failed', '"blobs" is not supported for this RPC method');
  if (chainId !== undefined && chainId !== genesis.config.chainId) {
    throw new RpcError('failed', `chainId does not match node's (have=${chainId}, want=${genesis.config.chainId})`);
  }
  if (message.maxFeePerBlobGas !== undefined && (message.blobVersionedHashes ?? []).length === 0) {
    throw new RpcError('failed', 'maxFeePerBlobGas specified without blobVersionedHashes');
  }
  const header: SealedHeader = await view.stateHeader(id ?? 'latest');
  const task = {
    type,
    block: { hash: header.hash.slice(), header: header.raw.slice() },
    message,
    accounts,
    blockOverride: block,
    maxGas: maxCallGas,
  };
  try {
    return await withState(header, () => calls.run(task as CallTask & { readonly type: Type }));
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.code === 'reverted') throw new RpcError('reverted', error.message, toData(error.data ?? noData));
    throw new RpcError('failed', error.message);
  }
}

const noData: Uint8Array = new Uint8Array(0);

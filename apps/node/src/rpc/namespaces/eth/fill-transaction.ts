import { decodeTransaction, encodeUnsigned, transactionHash, type UnsignedTransaction } from '@devp2p/eth';
import { type CallArguments, callArguments } from '../../codec/call.ts';
import { toData } from '../../codec/hex.ts';
import { transactionJson } from '../../codec/transaction.ts';
import { blobFeeOf } from '../../fees/fee-history.ts';
import { method } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { runCall } from './calls.ts';
import { type EthParts, type Methods, unavailable } from './parts.ts';

/** Blobs of a transaction, at most (EIP-7594). */
const maxBlobs = 6;
const noAddress: Uint8Array = new Uint8Array(20);
const nothing: Uint8Array = new Uint8Array(0);

/** The method that completes a transaction for a wallet to sign. */
export function fillMethods(parts: EthParts): Methods {
  const { chain, pool, crypto } = parts;
  if (pool === undefined) return unavailable(['fillTransaction'], 'state is not available without execution');
  return {
    fillTransaction: method([callArguments], async (call) => {
      if (call.hasBlobs) throw new RpcError('failed', '"blobs" is not supported for this RPC method');
      const fees = await feesOf(call, parts);
      const { from = noAddress, to, value = 0n, input = nothing, accessList, authorizationList } = call;
      const nonce = call.nonce ?? (await pool.nonce(from));
      const { blobVersionedHashes } = call;
      checkRecipient(call);
      const { chainId: own } = chain.genesis.config;
      const { nonce: _, chainId = own, ...message } = call;
      const gas = call.gas ?? BigInt(await runCall(parts, 'estimate-gas', { ...message, ...fees }, 'latest'));
      if (chainId !== own) throw failed(`chainId does not match node's (have=${chainId}, want=${own})`);
      const fields = { chainId, nonce, gas, to, value, input };
      const raw = encodeUnsigned(
        // The type follows from the fields that are present.
        (fees.gasPrice === undefined
          ? {
              ...{ ...fields, accessList },
              ...{ maxFeePerGas: fees.maxFeePerGas, maxPriorityFeePerGas: fees.maxPriorityFeePerGas },
              ...(authorizationList !== undefined
                ? { type: 4, authorizationList }
                : blobVersionedHashes !== undefined && {
                    ...{ type: 3, blobVersionedHashes, maxFeePerBlobGas: fees.maxFeePerBlobGas },
                  }),
            }
          : { ...fields, type: 0, gasPrice: fees.gasPrice }) as UnsignedTransaction,
      );
      return { raw: toData(raw), tx: unsignedJson(raw, transactionHash(raw, crypto)) };
    }),
  };
}

/** Prices of a unit of gas, in wei: one for all, or a cap and a tip. */
type Fees = Pick<CallArguments, 'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas' | 'maxFeePerBlobGas'>;

/** The fees of a transaction; those that are not given follow from the latest block. @throws RpcError `failed` */
async function feesOf(call: CallArguments, { chain, view, tips }: EthParts): Promise<Fees> {
  const { config } = chain.genesis;
  const latest = await view.latest();
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, authorizationList } = call;
  const isLondon = latest.baseFeePerGas !== undefined;
  if (call.maxFeePerBlobGas === 0n) throw failed('maxFeePerBlobGas, if specified, must be non-zero');
  const hasBlobs = blobVersionedHashes !== undefined;
  if (gasPrice !== undefined) {
    if (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined) {
      throw failed('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified');
    }
    if (authorizationList !== undefined) throw failed('both gasPrice and authorizationList specified');
    // Without this the blobs would be missing from the transaction.
    if (hasBlobs) throw failed('both gasPrice and blobVersionedHashes specified');
    if (gasPrice === 0n && isLondon) throw failed('gasPrice must be non-zero after london fork');
    return { gasPrice };
  }
  if (!isLondon) {
    if (maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined) {
      throw failed('maxFeePerGas and maxPriorityFeePerGas are not valid before London is active');
    }
    return { gasPrice: await tips.suggest() };
  }
  const tip = maxPriorityFeePerGas ?? (await tips.suggest());
  // The base fee may double before the transaction is in a block.
  const cap = maxFeePerGas ?? tip + 2n * BigInt(latest.baseFeePerGas ?? 0);
  if (cap === 0n && maxPriorityFeePerGas !== undefined) throw failed('maxFeePerGas must be non-zero');
  if (cap < tip) throw failed(`maxFeePerGas (${cap}) < maxPriorityFeePerGas (${tip})`);
  const maxFeePerBlobGas = call.maxFeePerBlobGas ?? (hasBlobs ? 2n * blobFeeOf(latest, config) : undefined);
  return { maxFeePerGas: cap, maxPriorityFeePerGas: tip, maxFeePerBlobGas };
}

/** @throws RpcError `failed` */
function checkRecipient({ to, input, blobVersionedHashes, authorizationList }: CallArguments): void {
  const blobs = blobVersionedHashes?.length;
  if (blobs === 0) throw failed('need at least 1 blob for a blob transaction');
  if (blobs !== undefined && blobs > maxBlobs) {
    throw failed(`too many blobs in transaction (have=${blobs}, max=${maxBlobs})`);
  }
  if (to !== undefined) return;
  if (blobs !== undefined) throw failed('missing "to" in blob transaction');
  if (input === undefined || input.length === 0) throw failed('contract creation without any data provided');
  if (authorizationList !== undefined) {
    throw failed('authorizationList provided for contract creation, but "to" field is missing');
  }
}

/** A transaction that is not signed. Unlike others it has no sender, and prices of the other kind are null. */
function unsignedJson(raw: Uint8Array, hash: Uint8Array): object {
  const transaction = decodeTransaction(raw);
  const { blockHash, blockNumber, blockTimestamp, transactionIndex, from, ...fields } = transactionJson(
    transaction,
    undefined,
    { hash, sender: noAddress },
  );
  const prices = { maxFeePerGas: null, maxPriorityFeePerGas: null, ...fields };
  return transaction.type < 2 ? prices : { ...prices, gasPrice: null };
}

function failed(message: string): RpcError {
  return new RpcError('failed', message);
}

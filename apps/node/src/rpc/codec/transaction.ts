import type { AccessListItem, SignedAuthorization, Transaction } from '@devp2p/eth';
import { effectiveGasPrice } from '../../validation/fees.ts';
import { toData, toQuantity } from './hex.ts';
import type { TransactionIdentity } from './transaction-identities.ts';

/** Position of a transaction in the chain. */
export interface TransactionPlace {
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
  readonly blockTimestamp: number;
  readonly baseFee: bigint | undefined;
  readonly index: number;
}

/**
 * A transaction as the `eth` methods show it.
 *
 * @param place `undefined` for one that is in no block: its price is the highest that it pays then
 */
export function transactionJson(
  transaction: Transaction,
  place: TransactionPlace | undefined,
  { hash, sender }: TransactionIdentity,
): Readonly<Record<string, unknown>> {
  const { type, chainId, to, accessList, maxFeePerBlobGas, blobVersionedHashes } = transaction;
  const { maxFeePerGas, maxPriorityFeePerGas, authorizationList, yParity } = transaction;
  return {
    blockHash: place === undefined ? null : toData(place.blockHash),
    blockNumber: place === undefined ? null : toQuantity(place.blockNumber),
    blockTimestamp: place === undefined ? null : toQuantity(place.blockTimestamp),
    transactionIndex: place === undefined ? null : toQuantity(place.index),
    hash: toData(hash),
    type: toQuantity(type),
    ...(chainId !== undefined && { chainId: toQuantity(chainId) }),
    nonce: toQuantity(transaction.nonce),
    from: toData(sender),
    to: to === undefined ? null : toData(to),
    value: toQuantity(transaction.value),
    input: toData(transaction.input),
    gas: toQuantity(transaction.gas),
    gasPrice: toQuantity(place === undefined ? priceCap(transaction) : effectiveGasPrice(transaction, place.baseFee)),
    ...(maxFeePerGas !== undefined && { maxFeePerGas: toQuantity(maxFeePerGas) }),
    ...(maxPriorityFeePerGas !== undefined && {
      maxPriorityFeePerGas: toQuantity(maxPriorityFeePerGas),
    }),
    ...(maxFeePerBlobGas !== undefined && { maxFeePerBlobGas: toQuantity(maxFeePerBlobGas) }),
    ...(blobVersionedHashes && { blobVersionedHashes: blobVersionedHashes.map(toData) }),
    ...(accessList && { accessList: accessList.map(accessJson) }),
    ...(authorizationList && { authorizationList: authorizationList.map(authorizationJson) }),
    v: toQuantity(transaction.v),
    ...(type > 0 && { yParity: toQuantity(yParity) }),
    r: toQuantity(transaction.r),
    s: toQuantity(transaction.s),
  };
}

export function accessJson({ address, storageKeys }: AccessListItem): object {
  return { address: toData(address), storageKeys: storageKeys.map(toData) };
}

function authorizationJson({ address, ...numbers }: SignedAuthorization): object {
  return {
    address: toData(address),
    chainId: toQuantity(numbers.chainId),
    nonce: toQuantity(numbers.nonce),
    yParity: toQuantity(numbers.yParity),
    r: toQuantity(numbers.r),
    s: toQuantity(numbers.s),
  };
}

/** The highest price of a unit of gas that a transaction pays, in wei. */
function priceCap({ gasPrice, maxFeePerGas }: Transaction): bigint {
  return maxFeePerGas ?? gasPrice ?? 0n;
}

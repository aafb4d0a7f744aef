import type { AccessListItem, Transaction } from '@devp2p/eth';
import { CallError } from '../../errors/call-error.ts';
import { gasPerBlob } from '../../validation/fees.ts';
import type { BlockContext } from '../block/block-context.ts';
import type { ExecutableTransaction } from '../block/check-transaction.ts';
import { intrinsicGas } from '../block/intrinsic-gas.ts';
import type { BlockState } from '../evm/state/block-state.ts';
import type { BlockOverride, CallMessage } from './call-task.ts';

const noAddress: Uint8Array = new Uint8Array(20);
const nothing: Uint8Array = new Uint8Array(0);

/** What a call pays for a unit of gas, and at most; in wei. */
export interface CallFees {
  readonly price: bigint;
  readonly feeCap: bigint;
  readonly tipCap: bigint;
}

/** @throws CallError `refused` for fields that exclude each other */
export function callFees(message: CallMessage, baseFee: bigint | undefined): CallFees {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = message;
  const isDynamic = maxFeePerGas !== undefined || maxPriorityFeePerGas !== undefined;
  if (gasPrice !== undefined && isDynamic) {
    throw new CallError('refused', 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified');
  }
  if (baseFee === undefined && isDynamic) {
    throw new CallError('refused', 'maxFeePerGas and maxPriorityFeePerGas are not valid before London is active');
  }
  if (baseFee === undefined || gasPrice !== undefined) {
    const price = gasPrice ?? 0n;
    return { price, feeCap: price, tipCap: price };
  }
  const [feeCap, tipCap] = [maxFeePerGas ?? 0n, maxPriorityFeePerGas ?? 0n];
  if (feeCap === 0n && tipCap === 0n) return { price: 0n, feeCap, tipCap };
  const wanted = tipCap + baseFee;
  return { price: wanted < feeCap ? wanted : feeCap, feeCap, tipCap };
}

/** The block in which a call is executed. A call that pays nothing is executed without base fee (as in go-ethereum). */
export function callContext(
  context: BlockContext,
  { price }: CallFees,
  { maxFeePerBlobGas, blobVersionedHashes }: CallMessage,
  changes: BlockOverride,
): BlockContext {
  const { fields } = context;
  const hasFreeBlobs = blobVersionedHashes !== undefined && (maxFeePerBlobGas ?? 0n) === 0n;
  return {
    ...context,
    fields: price === 0n && fields.baseFeePerGas !== undefined ? { ...fields, baseFeePerGas: 0n } : fields,
    blobBaseFee: hasFreeBlobs ? 0n : (changes.blobBaseFee ?? context.blobBaseFee),
  };
}

/** One execution of a call. */
export interface CallAttempt {
  readonly message: CallMessage;
  readonly fees: CallFees;
  readonly context: BlockContext;
  readonly state: BlockState;
  readonly gas: number;
  readonly accessList: readonly AccessListItem[] | undefined;
  readonly maxInitCode: number;
}

/**
 * Makes a transaction of a call, without a signature, and checks that it can be executed.
 *
 * @throws CallError `refused`, `intrinsic-gas`
 */
export function executableCall(attempt: CallAttempt): ExecutableTransaction {
  const { message, fees, context, state, gas, accessList, maxInitCode } = attempt;
  const { from = noAddress, to, value = 0n, input = nothing, blobVersionedHashes, authorizationList } = message;
  const { price, feeCap, tipCap } = fees;
  const { rules, fields, blobBaseFee } = context;
  const { maxFeePerBlobGas } = message;
  if (to === undefined && blobVersionedHashes !== undefined) {
    throw new CallError('refused', 'input transaction is blob tx but is contract creation');
  }
  if (to === undefined && authorizationList !== undefined) {
    throw new CallError('refused', 'EIP-7702 transaction cannot be used to create contract');
  }
  if (to === undefined && input.length > maxInitCode) {
    throw new CallError('refused', `max initcode size exceeded: code size ${input.length}, limit ${maxInitCode}`);
  }
  const baseFee = rules.london ? (fields.baseFeePerGas ?? 0n) : 0n;
  if (tipCap > feeCap) throw new CallError('refused', 'max priority fee per gas higher than max fee per gas');
  if (feeCap > 0n && feeCap < baseFee) {
    throw new CallError('refused', `max fee per gas less than block base fee: ${feeCap}, ${baseFee}`);
  }
  const blobCap = maxFeePerBlobGas ?? 0n;
  const blobGas = (blobVersionedHashes?.length ?? 0) * gasPerBlob;
  if (blobGas > 0 && blobCap > 0n && blobCap < blobBaseFee) {
    throw new CallError('refused', `max fee per blob gas less than block blob gas fee: ${blobCap}, ${blobBaseFee}`);
  }
  const sender = state.load(from);
  const cost = BigInt(gas) * feeCap + value + BigInt(blobGas) * blobCap;
  if (sender.balance < cost) {
    const address = `0x${Buffer.from(from).toString('hex')}`;
    const amounts = `address ${address} have ${sender.balance} want ${cost}`;
    throw new CallError('refused', `insufficient funds for gas * price + value: ${amounts}`);
  }
  const transaction: Transaction = {
    raw: nothing,
    type: 2,
    chainId: undefined,
    nonce: sender.nonce,
    gasPrice: undefined,
    maxPriorityFeePerGas: tipCap,
    maxFeePerGas: feeCap,
    gas: BigInt(gas),
    to,
    value,
    input,
    accessList,
    maxFeePerBlobGas,
    blobVersionedHashes,
    authorizationList,
    v: 0n,
    r: 0n,
    s: 0n,
    yParity: 0,
  };
  const intrinsic = intrinsicGas(transaction, from, rules);
  const least = Math.max(intrinsic.gas, intrinsic.floor);
  if (gas < least) {
    throw new CallError('intrinsic-gas', `intrinsic gas too low: have ${gas}, want ${least} (supplied gas ${gas})`);
  }
  const tip = price > baseFee ? price - baseFee : 0n;
  return { transaction, sender, gasLimit: gas, intrinsic, gasPrice: price, tip, blobGas };
}

/** The gas of a call. */
export function limited(gas: bigint | undefined, maxGas: number): number {
  return gas === undefined || gas > maxGas ? maxGas : Number(gas);
}

import { toHex } from '@devp2p/bytes';
import { maxSignatureS, type Transaction } from '@devp2p/eth';
import { TransactionError } from '../../errors/transaction-error.ts';
import { effectiveGasPrice, gasPerBlob } from '../../validation/fees.ts';
import { checkTransaction, maxTransactionGas, type TransactionLimits } from '../../validation/transaction.ts';
import { delegationTarget } from '../evm/delegation.ts';
import type { AccountState } from '../evm/state/account-state.ts';
import type { BlockState } from '../evm/state/block-state.ts';
import type { BlockContext } from './block-context.ts';
import type { GasPool } from './gas-pool.ts';
import { type IntrinsicGas, intrinsicGas } from './intrinsic-gas.ts';

const maxNonce = 2n ** 64n - 1n;

/** A transaction that can be executed. */
export interface ExecutableTransaction {
  readonly transaction: Transaction;
  readonly sender: AccountState;
  readonly gasLimit: number;
  readonly intrinsic: IntrinsicGas;
  /** What the sender pays for a unit of gas, and the part of it that the beneficiary receives; in wei. */
  readonly gasPrice: bigint;
  readonly tip: bigint;
  readonly blobGas: number;
}

/** What the check of a transaction depends on. */
export interface CheckContext {
  readonly context: BlockContext;
  readonly chainId: bigint;
  readonly limits: TransactionLimits;
  readonly state: BlockState;
  readonly gasPool: GasPool;
  /** Blob gas of the transactions before it. */
  readonly blobGasUsed: number;
}

/**
 * Checks that a transaction can be executed as the next one of a block. Nothing is changed.
 *
 * @param sender 20 bytes; `undefined` when its signature is not one
 * @throws TransactionError
 */
export function checkExecutable(
  transaction: Transaction,
  sender: Uint8Array | undefined,
  { context, chainId, limits, state, gasPool, blobGasUsed }: CheckContext,
): ExecutableTransaction {
  const { rules } = context;
  checkTransaction(transaction.raw, limits);
  if (sender === undefined) throw new TransactionError('signature', 'the signature is invalid');
  checkSignature(transaction, chainId, rules);
  const account = state.load(sender);
  checkSender(transaction, account, state);
  const fees = checkFees(transaction, context);

  const gasLimit = Number(transaction.gas);
  gasPool.check(gasLimit);
  const blobGas = (transaction.blobVersionedHashes?.length ?? 0) * gasPerBlob;
  if (blobGas > 0 && blobGasUsed + blobGas > context.maxBlobGas) {
    throw new TransactionError(
      'blobs',
      `blob gas is ${blobGasUsed + blobGas}, more than ${context.maxBlobGas} in a block`,
    );
  }
  checkBalance(transaction, account, blobGas);
  const intrinsic = intrinsicGas(transaction, sender, rules);
  const least = Math.max(intrinsic.gas, intrinsic.floor);
  if (gasLimit < least) {
    throw new TransactionError('intrinsic-gas', `gas limit ${gasLimit} is below the least gas of it, ${least}`);
  }
  if (rules.amsterdam && least > maxTransactionGas) {
    throw new TransactionError('intrinsic-gas', `its least gas, ${least}, is above ${maxTransactionGas}`);
  }
  return { transaction, sender: account, gasLimit, intrinsic, blobGas, ...fees };
}

function checkSignature({ s, chainId }: Transaction, own: bigint, rules: BlockContext['rules']): void {
  if (rules.homestead && s > maxSignatureS) {
    throw new TransactionError('signature', 's of the signature is in the upper half of its range');
  }
  if (chainId === undefined) return;
  if (!rules.eip155) throw new TransactionError('signature', 'replay protection is not valid in this block');
  if (chainId !== own) throw new TransactionError('chain-id', `chain id ${chainId}, not ${own}`);
}

function checkSender({ nonce }: Transaction, account: AccountState, state: BlockState): void {
  if (nonce !== account.nonce) {
    const side = nonce < account.nonce ? 'below' : 'above';
    throw new TransactionError(
      'transaction-nonce',
      `nonce ${nonce} is ${side} that of ${show(account)}, ${account.nonce}`,
    );
  }
  if (nonce === maxNonce) {
    throw new TransactionError('transaction-nonce', `nonce of ${show(account)} has reached its maximum`);
  }
  const code = state.codeOf(account);
  if (code.length > 0 && delegationTarget(code) === undefined) {
    throw new TransactionError('sender-code', `sender ${show(account)} is a contract`);
  }
}

function checkFees(transaction: Transaction, { fields, rules, blobBaseFee }: BlockContext) {
  const { maxPriorityFeePerGas = 0n, maxFeePerGas, maxFeePerBlobGas } = transaction;
  const baseFee = rules.london ? (fields.baseFeePerGas ?? 0n) : 0n;
  const gasPrice = effectiveGasPrice(transaction, baseFee);
  const cap = maxFeePerGas ?? gasPrice;
  if (maxPriorityFeePerGas > cap) {
    throw new TransactionError(
      'priority-fee',
      `maximum priority fee ${maxPriorityFeePerGas} is above the maximum fee, ${cap}`,
    );
  }
  if (cap < baseFee) throw new TransactionError('fee-cap', `maximum fee ${cap} is below the base fee, ${baseFee}`);
  if (maxFeePerBlobGas !== undefined && maxFeePerBlobGas < blobBaseFee) {
    const values = `maximum fee ${maxFeePerBlobGas} for blob gas is below its price, ${blobBaseFee}`;
    throw new TransactionError('blob-fee', values);
  }
  return { gasPrice, tip: gasPrice - baseFee };
}

/** The balance has to cover the highest fees, not only the present ones (EIP-1559, EIP-4844). */
function checkBalance(transaction: Transaction, account: AccountState, blobGas: number): void {
  const { gas, gasPrice, maxFeePerGas, maxFeePerBlobGas, value } = transaction;
  const cap = maxFeePerGas ?? gasPrice ?? 0n;
  const cost = gas * cap + value + BigInt(blobGas) * (maxFeePerBlobGas ?? 0n);
  const { balance } = account;
  if (balance < cost) {
    throw new TransactionError('balance', `balance of ${show(account)} is ${balance}, less than ${cost}`);
  }
}

function show({ address }: AccountState): string {
  return `0x${toHex(address)}`;
}

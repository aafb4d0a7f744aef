import type { Crypto } from '@devp2p/crypto';
import { contractAddress } from '../../validation/sender.ts';
import type { BlockEvm, EvmOutcome, Log } from '../evm/evm.ts';
import type { BlockState } from '../evm/state/block-state.ts';
import type { AccessListBuilder } from './access-list.ts';
import { applyAuthorizations } from './authorizations.ts';
import type { BlockContext } from './block-context.ts';
import type { ExecutableTransaction } from './check-transaction.ts';
import { delegationTarget, isDelegation } from './delegation.ts';
import { GasBudget } from './gas-budget.ts';
import { maxTransactionGas, newAccountStateGas } from './gas-constants.ts';
import type { SpentGas } from './gas-pool.ts';
import { transferLog } from './transfer-log.ts';

/** What a transaction is run with. */
export interface TransactionRunner {
  readonly context: BlockContext;
  readonly chainId: bigint;
  readonly state: BlockState;
  readonly evm: BlockEvm;
  readonly crypto: Crypto;
  /** From Amsterdam on. */
  readonly accessList: AccessListBuilder | undefined;
}

/** A transaction that was run. */
export interface RunOutcome {
  readonly isSuccess: boolean;
  readonly spent: SpentGas;
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  /** Accounts that are removed when the transaction ends. */
  readonly destroyed: readonly Uint8Array[];
}

/** The largest part of the gas that is refunded: a half, a fifth from London on (EIP-3529). */
const refundDivisor = 2;
const refundDivisorLondon = 5;

const nothing: Uint8Array = new Uint8Array(0);

/** A call that failed before its first instruction. The reservoir stays (EIP-8037). */
function haltedOutcome(stateGas: number): EvmOutcome {
  return {
    isSuccess: false,
    error: 'out-of-gas',
    isUnprepared: true,
    gasLeft: 0,
    stateGasLeft: stateGas,
    stateGasUsed: 0,
    refund: 0,
    output: nothing,
    logs: [],
    destroyed: [],
  };
}

/** Runs a transaction that was checked: buys gas, calls the EVM, and pays the beneficiary. The transaction is not ended. */
export async function runTransaction(
  executable: ExecutableTransaction,
  runner: TransactionRunner,
): Promise<RunOutcome> {
  const { transaction, sender, gasLimit, intrinsic, gasPrice, tip, blobGas } = executable;
  const { context, state, accessList } = runner;
  const { rules, fields, blobBaseFee } = context;
  accessList?.account(sender);
  state.subtractBalance(sender, transaction.gas * gasPrice + BigInt(blobGas) * blobBaseFee);
  state.setNonce(sender, transaction.nonce + 1n);
  if (rules.berlin) warm(executable, runner);

  const available = gasLimit - intrinsic.gas;
  const gas = rules.amsterdam ? Math.min(available, maxTransactionGas - intrinsic.gas) : available;
  const budget = new GasBudget(gas, available - gas);
  const outcome = await (transaction.to === undefined
    ? create(executable, budget, runner)
    : rules.amsterdam
      ? callAmsterdam(executable, transaction.to, budget, runner)
      : call(executable, transaction.to, budget, runner));

  const used = gasLimit - outcome.gasLeft - outcome.stateGasLeft;
  const divisor = rules.london ? refundDivisorLondon : refundDivisor;
  const refund = Math.min(Math.floor(used / divisor), outcome.refund);
  const paid = Math.max(used - refund, intrinsic.floor);
  state.addBalance(sender, BigInt(gasLimit - paid) * gasPrice);
  accessList?.account(fields.beneficiary);
  state.addBalance(fields.beneficiary, BigInt(paid) * tip);
  const { isSuccess, output, logs, destroyed, stateGasUsed } = outcome;
  const execution = Math.max(used - stateGasUsed, intrinsic.floor);
  return { isSuccess, spent: { paid, execution, state: stateGasUsed }, output, logs, destroyed };
}

/** Marks the accounts and slots that a transaction names as accessed (EIP-2929, EIP-2930). */
function warm({ transaction, sender }: ExecutableTransaction, { state }: TransactionRunner): void {
  state.warm(state.load(sender));
  if (transaction.to !== undefined) state.warm(state.load(transaction.to));
  for (const { address, storageKeys } of transaction.accessList ?? []) {
    const account = state.load(address);
    state.warm(account);
    for (const key of storageKeys) state.warmSlot(state.slotOf(account, slotOf(key)));
  }
}

function slotOf(key: Uint8Array): bigint {
  return BigInt(`0x${Buffer.prototype.hexSlice.call(key, 0, key.length)}`);
}

function create(executable: ExecutableTransaction, budget: GasBudget, runner: TransactionRunner) {
  const { transaction, sender } = executable;
  // The address is accessed even when the gas does not cover a new account.
  runner.accessList?.account(contractAddress(sender, transaction.nonce, runner.crypto));
  return callEvm(executable, budget, runner);
}

async function call(
  executable: ExecutableTransaction,
  to: Uint8Array,
  budget: GasBudget,
  runner: TransactionRunner,
): Promise<EvmOutcome> {
  const { context, state } = runner;
  const refund = applyAuthorizations(executable, undefined, runner) ?? 0;
  if (isPlainTransfer(to, runner)) return transfer(executable, to, budget, runner, refund);
  const code = state.code(to);
  if (context.rules.prague && isDelegation(code)) state.warm(state.load(delegationTarget(code)));
  const outcome = await callEvm(executable, budget, runner);
  return refund === 0 ? outcome : { ...outcome, refund: outcome.refund + refund };
}

/** A call of Amsterdam: when the gas does not cover the charges before its first instruction, delegations are undone. */
async function callAmsterdam(
  executable: ExecutableTransaction,
  to: Uint8Array,
  budget: GasBudget,
  runner: TransactionRunner,
): Promise<EvmOutcome> {
  const { state, accessList } = runner;
  const reservoir = budget.stateGas;
  state.checkpoint();
  if (applyAuthorizations(executable, budget, runner) === undefined) {
    state.revert();
    return haltedOutcome(reservoir);
  }
  accessList?.account(to);
  const outcome = isPlainTransfer(to, runner)
    ? transfer(executable, to, budget, runner, 0)
    : await callEvm(executable, budget, runner);
  if (outcome.isUnprepared) {
    state.revert();
    return haltedOutcome(reservoir);
  }
  state.commit();
  return outcome;
}

/** Whether a call of an account runs no code. */
function isPlainTransfer(to: Uint8Array, { state, evm }: TransactionRunner): boolean {
  return state.code(to).length === 0 && !evm.isPrecompile(to);
}

/** Transfers value to an account without code. */
function transfer(
  { transaction, sender }: ExecutableTransaction,
  to: Uint8Array,
  budget: GasBudget,
  { context, state }: TransactionRunner,
  refund: number,
): EvmOutcome {
  const { value } = transaction;
  const { amsterdam } = context.rules;
  if (amsterdam && value > 0n && state.isEmpty(to) && !budget.charge(0, newAccountStateGas)) {
    return haltedOutcome(budget.stateGas);
  }
  state.subtractBalance(sender, value);
  state.addBalance(to, value);
  const isLogged = amsterdam && value > 0n && Buffer.compare(sender, to) !== 0;
  return {
    isSuccess: true,
    error: undefined,
    isUnprepared: false,
    gasLeft: budget.gas,
    stateGasLeft: budget.stateGas,
    stateGasUsed: budget.stateGasUsed,
    refund,
    output: nothing,
    logs: isLogged ? [transferLog(sender, to, value)] : [],
    destroyed: [],
  };
}

/** Calls the EVM with the rest of the budget. */
async function callEvm(
  { transaction, sender, gasPrice }: ExecutableTransaction,
  budget: GasBudget,
  { evm }: TransactionRunner,
): Promise<EvmOutcome> {
  const { to, value, input, blobVersionedHashes = [] } = transaction;
  const { gas, stateGas, stateGasUsed } = budget;
  const outcome = await evm.call({
    caller: sender,
    to,
    value,
    input,
    gas,
    stateGas,
    gasPrice,
    blobHashes: blobVersionedHashes,
  });
  return stateGasUsed === 0 ? outcome : { ...outcome, stateGasUsed: outcome.stateGasUsed + stateGasUsed };
}

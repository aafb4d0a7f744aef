import type { Crypto } from '@devp2p/crypto';
import { contractAddress } from '@devp2p/eth';
import { maxTransactionGas } from '../../validation/transaction.ts';
import { delegationTarget } from '../evm/delegation.ts';
import { type BlockEvm, type EvmErrorCode, type EvmOutcome, type Log, unpreparedOutcome } from '../evm/evm.ts';
import { GasBudget } from '../evm/frame/gas-budget.ts';
import { newAccountStateGas } from '../evm/rules/gas.ts';
import { type AccountState, isEmptyAccount, isEmptyCodeHash } from '../evm/state/account-state.ts';
import type { BlockState } from '../evm/state/block-state.ts';
import { transferLog } from '../evm/transfer-log.ts';
import type { AccessListBuilder } from './access-list.ts';
import { applyAuthorizations } from './authorizations.ts';
import type { BlockContext } from './block-context.ts';
import type { ExecutableTransaction } from './check-transaction.ts';
import type { SpentGas } from './gas-pool.ts';

/** What a transaction is run with. */
export interface TransactionRunner {
  readonly context: BlockContext;
  readonly chainId: bigint;
  readonly state: BlockState;
  readonly evm: BlockEvm;
  readonly crypto: Crypto;
  /** From Amsterdam on. */
  readonly accessList: AccessListBuilder | undefined;
  /** Execution gas of a transaction of Amsterdam, at most; the rest is for new state. @default that of EIP-8037 */
  readonly maxExecutionGas?: number | undefined;
}

/** A transaction that was run. */
export interface RunOutcome {
  readonly isSuccess: boolean;
  /** Why it failed. */
  readonly error: EvmErrorCode | undefined;
  readonly spent: SpentGas;
  /** Gas that was used before refunds, at least the floor. */
  readonly usedBeforeRefund: number;
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  /** Accounts that are removed when the transaction ends. */
  readonly destroyed: readonly Uint8Array[];
}

/** The largest part of the gas that is refunded: a half, a fifth from London on (EIP-3529). */
const refundDivisor = 2;
const refundDivisorLondon = 5;

const nothing: Uint8Array = new Uint8Array(0);

/** Runs a transaction that was checked: buys gas, calls the EVM, and pays the beneficiary. The transaction is not ended. */
export function runTransaction(
  executable: ExecutableTransaction,
  runner: TransactionRunner,
): RunOutcome | Promise<RunOutcome> {
  const { transaction, sender, gasLimit, intrinsic, gasPrice, blobGas } = executable;
  const { context, state, accessList } = runner;
  const { rules, blobBaseFee } = context;
  accessList?.account(sender.address);
  state.setBalanceOf(sender, sender.balance - transaction.gas * gasPrice - BigInt(blobGas) * blobBaseFee);
  state.setNonceOf(sender, transaction.nonce + 1n);
  const recipient = transaction.to && state.load(transaction.to);
  if (rules.berlin) warm(executable, recipient, state);

  const available = gasLimit - intrinsic.gas;
  const { maxExecutionGas = maxTransactionGas } = runner;
  const gas = rules.amsterdam ? Math.min(available, maxExecutionGas - intrinsic.gas) : available;
  const budget = new GasBudget(gas, available - gas);
  const outcome =
    recipient === undefined
      ? create(executable, budget, runner)
      : rules.amsterdam
        ? callAmsterdam(executable, recipient, budget, runner)
        : call(executable, recipient, budget, runner);
  return after(outcome, (ended) => settle(executable, ended, runner));
}

/** Pays the gas back that is left, and the beneficiary for the rest. */
function settle(
  { sender, gasLimit, intrinsic, gasPrice, tip }: ExecutableTransaction,
  { isSuccess, error, output, logs, destroyed, refund, gasLeft, stateGasLeft, stateGasUsed }: EvmOutcome,
  { context, state, accessList }: TransactionRunner,
): RunOutcome {
  const { rules, beneficiary } = context;
  const used = gasLimit - gasLeft - stateGasLeft;
  const refunded = Math.min(Math.floor(used / (rules.london ? refundDivisorLondon : refundDivisor)), refund);
  const paid = Math.max(used - refunded, intrinsic.floor);
  state.setBalanceOf(sender, sender.balance + BigInt(gasLimit - paid) * gasPrice);
  accessList?.account(beneficiary);
  state.addBalance(beneficiary, BigInt(paid) * tip);
  const execution = Math.max(used - stateGasUsed, intrinsic.floor);
  return {
    isSuccess,
    error,
    spent: { paid, execution, state: stateGasUsed },
    usedBeforeRefund: Math.max(used, intrinsic.floor),
    output,
    logs,
    destroyed,
  };
}

/** Marks the accounts and slots that a transaction names as accessed (EIP-2929, EIP-2930). */
function warm(
  { transaction, sender }: ExecutableTransaction,
  recipient: AccountState | undefined,
  state: BlockState,
): void {
  state.warm(sender);
  if (recipient !== undefined) state.warm(recipient);
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
  runner.accessList?.account(contractAddress(sender.address, transaction.nonce, runner.crypto));
  return callEvm(executable, budget, runner);
}

function call(
  executable: ExecutableTransaction,
  recipient: AccountState,
  budget: GasBudget,
  runner: TransactionRunner,
): Pending<EvmOutcome> {
  const { context, state } = runner;
  const refund = applyAuthorizations(executable, undefined, runner) ?? 0;
  if (isPlainTransfer(recipient, runner)) return transfer(executable, recipient, budget, runner, refund);
  const target = context.rules.prague ? delegationTarget(state.codeOf(recipient)) : undefined;
  if (target !== undefined) state.warm(state.load(target));
  const outcome = callEvm(executable, budget, runner);
  return refund === 0 ? outcome : after(outcome, (ended) => ({ ...ended, refund: ended.refund + refund }));
}

/** A call of Amsterdam: when the gas does not cover the charges before its first instruction, delegations are undone. */
function callAmsterdam(
  executable: ExecutableTransaction,
  recipient: AccountState,
  budget: GasBudget,
  runner: TransactionRunner,
): Pending<EvmOutcome> {
  const { state, accessList } = runner;
  const reservoir = budget.stateGas;
  state.checkpoint();
  if (applyAuthorizations(executable, budget, runner) === undefined) {
    state.revert();
    return unpreparedOutcome(reservoir);
  }
  accessList?.account(recipient.address);
  const outcome = isPlainTransfer(recipient, runner)
    ? transfer(executable, recipient, budget, runner, 0)
    : callEvm(executable, budget, runner);
  return after(outcome, (ended) => {
    if (ended.isUnprepared) {
      state.revert();
      return unpreparedOutcome(reservoir);
    }
    state.commit();
    return ended;
  });
}

/** Whether a call of an account runs no code. */
function isPlainTransfer({ address, codeHash }: AccountState, { evm }: TransactionRunner): boolean {
  return isEmptyCodeHash(codeHash) && !evm.isPrecompile(address);
}

/** Transfers value to an account without code. */
function transfer(
  { transaction, sender }: ExecutableTransaction,
  recipient: AccountState,
  budget: GasBudget,
  { context, state }: TransactionRunner,
  refund: number,
): EvmOutcome {
  const { value } = transaction;
  const { amsterdam } = context.rules;
  if (amsterdam && value > 0n && isEmptyAccount(recipient) && !budget.chargeState(newAccountStateGas)) {
    return unpreparedOutcome(budget.stateGas);
  }
  state.setBalanceOf(sender, sender.balance - value);
  state.setBalanceOf(recipient, recipient.balance + value);
  const isLogged = amsterdam && value > 0n && sender !== recipient;
  return {
    isSuccess: true,
    error: undefined,
    isUnprepared: false,
    gasLeft: budget.gas,
    stateGasLeft: budget.stateGas,
    stateGasUsed: budget.stateGasUsed,
    refund,
    output: nothing,
    logs: isLogged ? [transferLog(sender.address, recipient.address, value)] : [],
    destroyed: [],
  };
}

/** Calls the EVM with the rest of the budget. */
function callEvm(
  { transaction, sender, gasPrice }: ExecutableTransaction,
  budget: GasBudget,
  { evm }: TransactionRunner,
): Pending<EvmOutcome> {
  const { to, value, input, blobVersionedHashes = [] } = transaction;
  const { gas, stateGas, stateGasUsed } = budget;
  const call = { caller: sender.address, to, value, input, gas, stateGas, gasPrice, blobHashes: blobVersionedHashes };
  const outcome = evm.call(call);
  if (stateGasUsed === 0) return outcome;
  return after(outcome, (ended) => ({ ...ended, stateGasUsed: ended.stateGasUsed + stateGasUsed }));
}

/** Only a few precompiled contracts are asynchronous, so most values are there at once. */
type Pending<T> = T | Promise<T>;

function after<T, U>(value: Pending<T>, next: (value: T) => U): Pending<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

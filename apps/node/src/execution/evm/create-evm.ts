import { contractAddress } from '../../validation/sender.ts';
import { delegationTarget } from './delegation.ts';
import { enterCall, enterCreation, isRunning } from './entry.ts';
import type { BlockEvm, EvmCall, EvmOutcome } from './evm.ts';
import { execute } from './execute.ts';
import { Callee } from './frame/callee.ts';
import { GasBudget } from './frame/gas-budget.ts';
import { reverted, succeeded } from './frame/signal.ts';
import { Machine, type MachineContext } from './machine.ts';
import { newAccountStateGas, warmGas } from './rules/gas.ts';
import { isEmptyAccount } from './state/account-state.ts';
import { addressKey } from './state/block-state.ts';

/** Creates the EVM on the state of a block. */
export function createEvm(context: MachineContext): BlockEvm {
  return {
    call(call) {
      const machine = new Machine(context, call);
      const outcome = call.to === undefined ? create(machine, call) : callAccount(machine, call, call.to);
      return outcome;
    },
    isPrecompile: (address) => context.precompiles.has(addressKey(address)),
  };
}

function callAccount(machine: Machine, call: EvmCall, to: Uint8Array): EvmOutcome | Promise<EvmOutcome> {
  const { state, rules, recorder } = machine;
  const { value } = call;
  const callee = state.load(to);
  const budget = new GasBudget(call.gas, call.stateGas);
  recorder?.account(callee.address);
  if (rules.isAmsterdam && !chargeRecipient(machine, budget, call, to)) return unprepared(machine, call);
  const payer = state.load(call.caller);
  const { gas, stateGas } = budget;
  budget.gas = 0;
  const entered = enterCall(machine, {
    kind: 'call',
    callee,
    account: callee,
    payer,
    caller: payer.address,
    value,
    input: call.input,
    isStatic: false,
    depth: 0,
    gas,
    stateGas,
  });
  const refundsNewAccount = (): boolean => rules.isAmsterdam && value > 0n && isEmptyAccount(callee);
  const end = (ended: Callee): EvmOutcome | Promise<EvmOutcome> => finish(machine, budget, ended, refundsNewAccount);
  return entered instanceof Promise ? entered.then(end) : end(entered);
}

function create(machine: Machine, call: EvmCall): EvmOutcome | Promise<EvmOutcome> {
  const { state, rules, recorder } = machine;
  const creator = state.load(call.caller);
  const created = state.load(contractAddress(creator.address, creator.nonce - 1n, machine));
  const budget = new GasBudget(call.gas, call.stateGas);
  recorder?.account(created.address);
  const isCharged = rules.isAmsterdam && isEmptyAccount(created);
  if (isCharged && !budget.chargeState(newAccountStateGas)) return unprepared(machine, call);
  const { gas, stateGas } = budget;
  budget.gas = 0;
  const entry = { creator, created, value: call.value, initCode: call.input, depth: 0, gas, stateGas };
  return finish(machine, budget, enterCreation(machine, entry), () => isCharged);
}

/** Charges for a new account with a balance, and for the account that the recipient delegates to (EIP-2780). */
function chargeRecipient(
  { state, rules, recorder }: Machine,
  budget: GasBudget,
  call: EvmCall,
  to: Uint8Array,
): boolean {
  const recipient = state.load(to);
  if (call.value > 0n && isEmptyAccount(recipient) && !budget.chargeState(newAccountStateGas)) return false;
  const delegation = delegationTarget(state.codeOf(recipient));
  if (delegation === undefined) return true;
  const target = state.load(delegation);
  const gas = target.isWarm ? warmGas : rules.coldAccountGas;
  if (budget.gas < gas) return false;
  budget.gas -= gas;
  state.warm(target);
  recorder?.account(target.address);
  return true;
}

function finish(
  machine: Machine,
  budget: GasBudget,
  callee: Callee,
  refundsNewAccount: () => boolean,
): EvmOutcome | Promise<EvmOutcome> {
  const end = (): EvmOutcome => {
    budget.absorb(callee);
    if (callee.end !== succeeded) {
      if (refundsNewAccount()) budget.refundState(newAccountStateGas);
      // A refund may go to the gas, which is lost when the call fails otherwise than by a revert.
      if (callee.end !== reverted && machine.rules.isAmsterdam) budget.gas = 0;
    }
    return outcome(machine, budget, callee);
  };
  if (!isRunning(callee)) return end();
  const execution = execute(machine);
  return execution === undefined ? end() : execution.then(end);
}

function outcome(machine: Machine, budget: GasBudget, callee: Callee): EvmOutcome {
  const isSuccess = callee.end === succeeded;
  return {
    isSuccess,
    error: callee.error,
    isUnprepared: false,
    gasLeft: budget.gas,
    stateGasLeft: budget.stateGas,
    stateGasUsed: budget.stateGasUsed,
    refund: machine.refund,
    output: callee.output,
    logs: machine.logs,
    destroyed: machine.state.destroyed().map(({ address }) => address),
  };
}

function unprepared(machine: Machine, { stateGas }: EvmCall): EvmOutcome {
  const callee = new Callee(0, stateGas);
  callee.error = 'out-of-gas';
  return { ...outcome(machine, callee, callee), isUnprepared: true };
}

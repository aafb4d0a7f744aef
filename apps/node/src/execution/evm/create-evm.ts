import { contractAddress } from '@devp2p/eth';
import { delegationTarget } from './delegation.ts';
import { enterCall, enterCreation } from './entry.ts';
import { type BlockEvm, type EvmCall, type EvmOutcome, unpreparedOutcome } from './evm.ts';
import { execute } from './execute.ts';
import { emptyBytes, type Frame } from './frame/frame.ts';
import { GasBudget } from './frame/gas-budget.ts';
import { reverted, running, succeeded } from './frame/signal.ts';
import { Machine, type MachineContext } from './machine.ts';
import { newAccountStateGas, warmGas } from './rules/gas.ts';
import { isEmptyAccount } from './state/account-state.ts';
import { addressKey } from './state/block-state.ts';

/** Creates the EVM on the state of a block. */
export function createEvm(context: MachineContext): BlockEvm {
  return {
    call(call) {
      const machine = new Machine(context, call);
      return call.to === undefined ? create(machine, call) : callAccount(machine, call, call.to);
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
  if (rules.isAmsterdam && !chargeRecipient(machine, budget, call, to)) return unpreparedOutcome(call.stateGas);
  const payer = state.load(call.caller);
  const frame = machine.pool.frame(0, callee);
  frame.begin(callee, payer, value, call.input, false, false, budget.gas, budget.stateGas);
  budget.gas = 0;
  const refundsNewAccount = (): boolean => rules.isAmsterdam && value > 0n && isEmptyAccount(callee);
  const end = (): EvmOutcome | Promise<EvmOutcome> => finish(machine, budget, frame, refundsNewAccount);
  const pending = enterCall(machine, frame, 'call', callee, payer);
  return pending === undefined ? end() : pending.then(end);
}

function create(machine: Machine, call: EvmCall): EvmOutcome | Promise<EvmOutcome> {
  const { state, rules, recorder } = machine;
  const creator = state.load(call.caller);
  const created = state.load(contractAddress(creator.address, creator.nonce - 1n, machine));
  const budget = new GasBudget(call.gas, call.stateGas);
  recorder?.account(created.address);
  const isCharged = rules.isAmsterdam && isEmptyAccount(created);
  if (isCharged && !budget.chargeState(newAccountStateGas)) return unpreparedOutcome(call.stateGas);
  const frame = machine.pool.frame(0, created);
  frame.begin(created, creator, call.value, emptyBytes, false, true, budget.gas, budget.stateGas);
  budget.gas = 0;
  enterCreation(machine, frame, call.input);
  return finish(machine, budget, frame, () => isCharged);
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

/** Executes a call that was entered, and gives its result to the transaction. */
function finish(
  machine: Machine,
  budget: GasBudget,
  frame: Frame,
  refundsNewAccount: () => boolean,
): EvmOutcome | Promise<EvmOutcome> {
  const end = (): EvmOutcome => {
    machine.tracer?.exit(frame);
    budget.absorb(frame);
    if (frame.end !== succeeded) {
      if (refundsNewAccount()) budget.refundState(newAccountStateGas);
      // A refund may go to the gas, which is lost when the call fails otherwise than by a revert.
      if (frame.end !== reverted && machine.rules.isAmsterdam) budget.gas = 0;
    }
    return {
      isSuccess: frame.end === succeeded,
      error: frame.error,
      isUnprepared: false,
      gasLeft: budget.gas,
      stateGasLeft: budget.stateGas,
      stateGasUsed: budget.stateGasUsed,
      refund: machine.refund,
      output: frame.output,
      logs: machine.logs,
      destroyed: machine.state.destroyed().map(({ address }) => address),
    };
  };
  if (frame.end !== running) return end();
  const execution = execute(machine);
  return execution === undefined ? end() : execution.then(end);
}

import { delegationTarget } from '../delegation.ts';
import { type CallKind, enterCall } from '../entry.ts';
import { proceed } from '../exit.ts';
import type { Frame } from '../frame/frame.ts';
import type { Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { callNewAccountGas, callStipend, newAccountStateGas, warmGas } from '../rules/gas.ts';
import { type AccountState, isEmptyAccount } from '../state/account-state.ts';
import { addressOf } from '../words.ts';

export function callContract(frame: Frame, machine: Machine): Signal {
  return call(frame, machine, 'call', true);
}

export function callCode(frame: Frame, machine: Machine): Signal {
  return call(frame, machine, 'callcode', true);
}

export function delegateCall(frame: Frame, machine: Machine): Signal {
  return call(frame, machine, 'delegatecall', false);
}

export function staticCall(frame: Frame, machine: Machine): Signal {
  return call(frame, machine, 'staticcall', false);
}

function call(frame: Frame, machine: Machine, kind: CallKind, hasValue: boolean): Signal {
  const { stack, memory } = frame;
  const requestedGas = Number(stack[--frame.sp]);
  const target = machine.state.load(addressOf(stack[--frame.sp] as bigint));
  const value = hasValue ? (stack[--frame.sp] as bigint) : 0n;
  const inOffset = Number(stack[--frame.sp]);
  const inLength = Number(stack[--frame.sp]);
  const outOffset = Number(stack[--frame.sp]);
  const outLength = Number(stack[--frame.sp]);

  if (kind === 'call' && frame.isStatic && value > 0n) return frame.halt('static-state-change');
  frame.gas -= machine.accessGas(target);
  if (value > 0n) frame.gas -= machine.rules.callValueGas;
  if (frame.gas >= 0) frame.gas = memory.require(inOffset, inLength, frame.gas);
  if (frame.gas >= 0) frame.gas = memory.require(outOffset, outLength, frame.gas);
  if (frame.gas < 0 || !chargeState(frame, machine, kind, target, value)) return frame.halt('out-of-gas');

  const gas = calleeGas(machine, frame.gas, requestedGas);
  frame.gas -= gas;
  if (frame.gas < 0) return frame.halt('out-of-gas');
  frame.callee = target;
  frame.outOffset = outOffset;
  frame.outLength = outLength;
  frame.refundsNewAccount = machine.rules.isAmsterdam && kind === 'call' && value > 0n;

  const isOwnContext = kind === 'callcode' || kind === 'delegatecall';
  const callee = machine.pool.frame(frame.depth + 1, target);
  callee.begin(
    isOwnContext ? frame.account : target,
    kind === 'delegatecall' ? frame.caller : frame.account,
    kind === 'delegatecall' ? frame.value : value,
    memory.part(inOffset, inLength),
    frame.isStatic || kind === 'staticcall',
    false,
    value > 0n ? gas + callStipend : gas,
    frame.stateGas,
  );
  return proceed(frame, callee, enterCall(machine, callee, kind, target, frame.account), machine);
}

/** Charges for a new account, and for the access of the account that the callee delegates to. */
function chargeState(frame: Frame, machine: Machine, kind: CallKind, target: AccountState, value: bigint): boolean {
  const { rules } = machine;
  if (kind === 'call' && !rules.isAmsterdam) {
    const isNew = rules.isSpuriousDragon ? value > 0n && isEmptyAccount(target) : !target.exists;
    if (isNew) frame.gas -= callNewAccountGas;
    if (frame.gas < 0) return false;
  }
  machine.recorder?.account(target.address);
  if (!rules.isPrague) return true;
  const delegation = delegationTarget(machine.state.codeOf(target));
  if (delegation !== undefined) {
    const account = machine.state.load(delegation);
    frame.gas -= machine.state.warm(account) ? warmGas : rules.coldAccountGas;
    if (frame.gas < 0) return false;
    machine.recorder?.account(account.address);
  }
  const isNew = rules.isAmsterdam && kind === 'call' && value > 0n && isEmptyAccount(target);
  return !isNew || frame.chargeState(newAccountStateGas);
}

/** All but a 64th of the gas at most, from EIP-150 on; before, exactly the requested gas. */
function calleeGas(machine: Machine, available: number, requested: number): number {
  return machine.rules.isTangerineWhistle ? Math.min(requested, available - Math.floor(available / 64)) : requested;
}

import { delegationTarget } from './delegation.ts';
import type { Frame } from './frame/frame.ts';
import { Program } from './frame/program.ts';
import { halted, succeeded } from './frame/signal.ts';
import type { Machine } from './machine.ts';
import type { Precompile, PrecompileResult } from './precompiles.ts';
import { type AccountState, isEmptyCodeHash } from './state/account-state.ts';

/** Whether a call moves a balance, only touches the callee, or runs its code in the surroundings of another account. */
export type CallKind = 'call' | 'staticcall' | 'callcode' | 'delegatecall';

/**
 * Enters a call that has begun. Its code is executed next, or it has already ended: at an account without code or a
 * precompiled contract, or because it is not possible.
 *
 * @param callee whose code is called
 * @param payer who has to have the value
 * @returns a promise if a precompiled contract does
 */
export function enterCall(
  machine: Machine,
  frame: Frame,
  kind: CallKind,
  callee: AccountState,
  payer: AccountState,
): void | Promise<void> {
  const { state, rules } = machine;
  const { value } = frame;
  machine.tracer?.enter(frame, kind, machine.frames.at(-1), payer.address, callee.address, frame.input);
  const refusal = machine.refusal(payer, kind === 'call' || kind === 'callcode' ? value : 0n, frame.depth);
  if (refusal !== undefined) {
    frame.refuse(refusal);
    return;
  }
  const precompile = machine.precompiles.get(callee.key);
  if (kind === 'call' && !callee.exists && precompile === undefined && rules.isSpuriousDragon && value === 0n) {
    frame.end = succeeded;
    return;
  }
  checkpoint(machine, frame);
  if (kind === 'call') machine.transfer(payer, callee, value);
  else if (kind === 'staticcall') state.setBalanceOf(callee, callee.balance);

  if (precompile !== undefined) return runPrecompile(machine, frame, precompile);
  const source = codeSource(machine, callee);
  if (isEmptyCodeHash(source.codeHash)) {
    state.commit();
    frame.end = succeeded;
    return;
  }
  frame.program = machine.programs.get(source.codeHash, state.codeOf(source));
  machine.frames.push(frame);
}

/** Enters a creation that has begun: its init code is executed next, or there is a contract at its address already. */
export function enterCreation(machine: Machine, frame: Frame, initCode: Uint8Array): void {
  const { state, rules } = machine;
  const { account: created } = frame;
  machine.tracer?.enter(frame, 'create', machine.frames.at(-1), frame.caller.address, created.address, initCode);
  if (rules.isBerlin) state.warm(created);
  if (created.nonce > 0n || !isEmptyCodeHash(created.codeHash)) {
    frame.refuse('collision');
    frame.endHalted();
    return;
  }
  checkpoint(machine, frame);
  state.markCreatedOf(created);
  if (rules.isSpuriousDragon) state.setNonceOf(created, 1n);
  machine.transfer(frame.caller, created, frame.value);
  frame.program = new Program(initCode);
  machine.frames.push(frame);
}

function checkpoint(machine: Machine, frame: Frame): void {
  frame.logCount = machine.logs.length;
  frame.refund = machine.refund;
  machine.state.checkpoint();
}

/** The account whose code an account runs: another one if it is delegated (EIP-7702). */
function codeSource({ rules, state }: Machine, account: AccountState): AccountState {
  if (!rules.isPrague || isEmptyCodeHash(account.codeHash)) return account;
  const delegation = delegationTarget(state.codeOf(account));
  return delegation === undefined ? account : state.load(delegation);
}

function runPrecompile(machine: Machine, frame: Frame, precompile: Precompile): void | Promise<void> {
  const end = ({ isSuccess, gasLeft, output }: PrecompileResult): void => {
    if (isSuccess) {
      machine.state.commit();
      frame.gas = gasLeft;
      frame.output = output;
      frame.end = succeeded;
      return;
    }
    machine.state.revert();
    machine.logs.length = frame.logCount;
    frame.error = 'precompile';
    frame.end = halted;
    frame.endHalted();
  };
  const result = precompile(frame.input.slice(), frame.gas);
  return result instanceof Promise ? result.then(end) : end(result);
}

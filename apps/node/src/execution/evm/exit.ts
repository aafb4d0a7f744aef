import { emptyBytes, type Frame } from './frame/frame.ts';
import { calling, halted, reverted, running, type Signal, succeeded, waiting } from './frame/signal.ts';
import type { Machine } from './machine.ts';
import { codeByteGas, codeByteStateGas, keccakWordGas, newAccountStateGas } from './rules/gas.ts';
import { addressWord, isEmptyAccount } from './state/account-state.ts';

/** The first byte of code that is not deployed (EIP-3541). */
const reservedByte = 0xef;

/** Ends a frame: keeps or undoes its changes, and deploys the code of a creation. */
export function leave(
  machine: Machine,
  frame: Frame,
  signal: typeof succeeded | typeof reverted | typeof halted,
): void {
  if (signal === halted) machine.tracer?.fault(frame, machine);
  else machine.tracer?.complete(frame);
  frame.memory.reset();
  frame.end = signal === succeeded && frame.isCreation ? deploy(machine, frame) : signal;
  if (frame.end === succeeded) {
    machine.state.commit();
    return;
  }
  machine.state.revert();
  machine.logs.length = frame.logCount;
  machine.refund = frame.refund;
  if (frame.end === reverted) {
    frame.endReverted();
  } else {
    frame.endHalted();
    frame.output = emptyBytes;
  }
}

/** Continues a frame after its callee, or lets the interpreter execute that one first. */
export function proceed(frame: Frame, callee: Frame, pending: void | Promise<void>, machine: Machine): Signal {
  if (pending !== undefined) {
    machine.pending = pending.then(() => conclude(machine, frame, callee));
    return waiting;
  }
  if (callee.end === running) return calling;
  conclude(machine, frame, callee);
  return running;
}

/** Continues a frame after its callee has ended. */
export function conclude(machine: Machine, frame: Frame, callee: Frame): void {
  machine.tracer?.exit(callee);
  resume(frame, callee);
}

/** Gives a frame the result of its callee. */
function resume(frame: Frame, callee: Frame): void {
  const isSuccess = callee.end === succeeded;
  const { output } = callee;
  frame.absorb(callee);
  if (callee.isCreation) {
    frame.stack[frame.sp++] = isSuccess ? addressWord(frame.callee) : 0n;
    frame.returnData = callee.end === reverted ? output : emptyBytes;
    if (!isSuccess && frame.refundsNewAccount) frame.refundState(newAccountStateGas);
    return;
  }
  frame.stack[frame.sp++] = isSuccess ? 1n : 0n;
  frame.returnData = output;
  frame.memory.write(frame.outOffset, Math.min(frame.outLength, output.length), output, 0);
  if (!isSuccess && frame.refundsNewAccount && isEmptyAccount(frame.callee)) frame.refundState(newAccountStateGas);
}

/** Charges for the code that init code returned, and stores it. */
function deploy(machine: Machine, frame: Frame): typeof succeeded | typeof halted {
  const { rules, state } = machine;
  const { output } = frame;
  const { length } = output;
  if (rules.isLondon && output[0] === reservedByte) return frame.halt('invalid-code');
  if (rules.isAmsterdam) {
    if (length > rules.maxCodeSize) return frame.halt('code-size');
    frame.gas -= keccakWordGas * Math.ceil(length / 32);
    if (frame.gas < 0 || !frame.chargeState(codeByteStateGas * length)) return frame.halt('code-store-out-of-gas');
  } else {
    const gas = codeByteGas * length;
    if (frame.gas < gas) {
      // In Frontier the contract exists then, without code, and keeps its gas.
      return rules.isHomestead ? frame.halt('code-store-out-of-gas') : succeeded;
    }
    frame.gas -= gas;
    if (length > rules.maxCodeSize) return frame.halt('code-size');
  }
  if (length > 0) state.setCodeOf(frame.account, output);
  return succeeded;
}

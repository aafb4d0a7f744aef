import { isRunning } from './entry.ts';
import { type Callee, emptyBytes } from './frame/callee.ts';
import type { Continuation, Frame } from './frame/frame.ts';
import { calling, type halted, reverted, running, type Signal, succeeded, waiting } from './frame/signal.ts';
import { wordOf } from './interpreter/words.ts';
import type { Machine } from './machine.ts';
import { codeByteGas, codeByteStateGas, keccakWordGas, newAccountStateGas } from './rules/gas.ts';
import { isEmptyAccount } from './state/account-state.ts';

/** The first byte of code that is not deployed (EIP-3541). */
const reservedByte = 0xef;

/** Ends a frame: keeps or undoes its changes, and deploys the code of a creation. */
export function leave(
  machine: Machine,
  frame: Frame,
  signal: typeof succeeded | typeof reverted | typeof halted,
): void {
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
export function proceed(frame: Frame, callee: Callee | Promise<Callee>, machine: Machine): Signal {
  if (callee instanceof Promise) {
    machine.pending = callee.then((ended) => resume(frame, ended));
    return waiting;
  }
  if (isRunning(callee)) return calling;
  resume(frame, callee);
  return running;
}

/** Gives a frame the result of its callee. */
export function resume(frame: Frame, callee: Callee): void {
  const continuation = frame.continuation as Continuation;
  frame.continuation = undefined;
  const isSuccess = callee.end === succeeded;
  frame.absorb(callee);
  if (continuation.isCreation) {
    frame.stack[frame.sp++] = isSuccess ? wordOf(continuation.callee.address) : 0n;
    frame.returnData = callee.end === reverted ? callee.output : emptyBytes;
    if (!isSuccess && continuation.refundsNewAccount) frame.refundState(newAccountStateGas);
    return;
  }
  const { outOffset, outLength } = continuation;
  frame.stack[frame.sp++] = isSuccess ? 1n : 0n;
  frame.returnData = callee.output;
  frame.memory.write(outOffset, Math.min(outLength, callee.output.length), callee.output, 0);
  if (!isSuccess && continuation.refundsNewAccount && isEmptyAccount(continuation.callee)) {
    frame.refundState(newAccountStateGas);
  }
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

import type { Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { copyWordGas } from '../rules/gas.ts';
import { addressOf } from '../words.ts';

export function callDataCopy(frame: Frame): Signal {
  return copy(frame, frame.input, frame.input.length);
}

export function codeCopy(frame: Frame): Signal {
  return copy(frame, frame.program.code, frame.program.length);
}

/** Fails for a part that ends after the data, in contrast to the other copies (EIP-211). */
export function returnDataCopy(frame: Frame): Signal {
  const end = Number(frame.stack[frame.sp - 2]) + Number(frame.stack[frame.sp - 3]);
  if (end > frame.returnData.length) return frame.halt('return-data-bounds');
  return copy(frame, frame.returnData, frame.returnData.length);
}

export function externalCodeCopy(frame: Frame, machine: Machine): Signal {
  const account = machine.state.load(addressOf(frame.stack[--frame.sp] as bigint));
  frame.gas -= machine.accessGas(account);
  if (frame.gas < 0 || !prepare(frame, Number(frame.stack[frame.sp - 3]))) return frame.halt('out-of-gas');
  machine.recorder?.account(account.address);
  const code = machine.state.codeOf(account);
  write(frame, code, code.length);
  return running;
}

/** MCOPY (EIP-5656). */
export function memoryCopy(frame: Frame): Signal {
  const { stack, memory } = frame;
  const target = Number(stack[--frame.sp]);
  const source = Number(stack[--frame.sp]);
  const length = Number(stack[--frame.sp]);
  frame.gas = memory.require(Math.max(target, source), length, frame.gas - copyGas(length));
  if (frame.gas < 0) return frame.halt('out-of-gas');
  if (length > 0) memory.bytes.copyWithin(target, source, source + length);
  return running;
}

function copy(frame: Frame, data: Uint8Array, dataLength: number): Signal {
  if (!prepare(frame, Number(frame.stack[frame.sp - 3]))) return frame.halt('out-of-gas');
  write(frame, data, dataLength);
  return running;
}

/** Charges for a copy and for the memory that it needs. */
function prepare(frame: Frame, length: number): boolean {
  const target = Number(frame.stack[frame.sp - 1]);
  frame.gas = frame.memory.require(target, length, frame.gas - copyGas(length));
  return frame.gas >= 0;
}

function write(frame: Frame, data: Uint8Array, dataLength: number): void {
  const { stack, memory } = frame;
  const target = Number(stack[--frame.sp]);
  const source = Number(stack[--frame.sp]);
  const length = Number(stack[--frame.sp]);
  memory.write(target, length, data.length === dataLength ? data : data.subarray(0, dataLength), source);
}

function copyGas(length: number): number {
  return copyWordGas * Math.ceil(length / 32);
}

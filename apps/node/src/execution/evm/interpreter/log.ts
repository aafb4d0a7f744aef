import type { Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { logByteGas, logTopicGas } from '../rules/gas.ts';
import { wordBytes } from '../words.ts';

const log0 = 0xa0;

/** LOG0 … LOG4. */
export function log(frame: Frame, machine: Machine, opcode: number): Signal {
  if (frame.isStatic) return frame.halt('static-state-change');
  const { stack, memory } = frame;
  const topicCount = opcode - log0;
  const offset = Number(stack[--frame.sp]);
  const length = Number(stack[--frame.sp]);
  frame.gas = memory.require(offset, length, frame.gas - logTopicGas * topicCount - logByteGas * length);
  if (frame.gas < 0) return frame.halt('out-of-gas');
  const topics: Uint8Array[] = [];
  for (let i = 0; i < topicCount; i++) topics.push(wordBytes(stack[--frame.sp] as bigint));
  const entry = { address: frame.account.address, topics, data: memory.copy(offset, length) };
  machine.logs.push(entry);
  machine.tracer?.log(entry);
  return running;
}

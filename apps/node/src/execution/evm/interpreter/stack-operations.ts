import type { Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';

/*
 * DUPN, SWAPN and EXCHANGE (EIP-8024). A byte after the opcode names the items. Bytes that are JUMPDEST or PUSH are not
 * valid there, so that the places of JUMPDESTs in older code stay.
 */

export function duplicateDeep(frame: Frame): Signal {
  const depth = singleDepth(frame);
  if (depth === 0) return frame.halt('invalid-opcode');
  if (frame.sp < depth) return frame.halt('stack-underflow');
  frame.stack[frame.sp] = frame.stack[frame.sp - depth] as bigint;
  frame.sp++;
  frame.pc++;
  return running;
}

export function swapDeep(frame: Frame): Signal {
  const depth = singleDepth(frame);
  if (depth === 0) return frame.halt('invalid-opcode');
  return swap(frame, 0, depth);
}

export function exchange(frame: Frame): Signal {
  const immediate = frame.program.code[frame.pc + 1] as number;
  if (immediate > 0x51 && immediate < 0x80) return frame.halt('invalid-opcode');
  const pair = immediate ^ 0x8f;
  const [high, low] = [pair >> 4, pair & 0xf];
  return high < low ? swap(frame, high + 1, low + 1) : swap(frame, low + 1, 29 - high);
}

/** Which item the byte after the opcode names, from 17 to 235; 0 for an invalid byte. */
function singleDepth(frame: Frame): number {
  const immediate = frame.program.code[frame.pc + 1] as number;
  return immediate > 0x5a && immediate < 0x80 ? 0 : (immediate + 145) & 0xff;
}

/** Swaps two items. @param a how far below the top, as is `b` */
function swap(frame: Frame, a: number, b: number): Signal {
  const { stack } = frame;
  const top = frame.sp - 1;
  if (top < Math.max(a, b)) return frame.halt('stack-underflow');
  const item = stack[top - a] as bigint;
  stack[top - a] = stack[top - b] as bigint;
  stack[top - b] = item;
  frame.pc++;
  return running;
}

import type { EvmErrorCode } from '../evm.ts';
import type { Frame } from '../frame/frame.ts';
import type { Signal } from '../frame/signal.ts';
import { reverted, running, succeeded } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { keccakWordGas } from '../rules/gas.ts';
import type { ExecutionWatch } from '../watch.ts';
import { maxWord, readWord, twoPow256, writeWord } from '../words.ts';
import {
  addModulo,
  bitLength,
  byteAt,
  isSignedLess,
  power,
  shiftLeft,
  shiftRight,
  signExtend,
  signedDivide,
  signedModulo,
  signedShiftRight,
} from './arithmetic.ts';
import { operations } from './operations.ts';

/** Words that are put onto the stack often. */
const smallWords: readonly bigint[] = Array.from({ length: 256 }, (_, i) => BigInt(i));

/**
 * Runs a frame until it ends or enters another one.
 *
 * Operations that touch more than stack, memory and code are functions in `operations`, and find `sp` and `gas` in the
 * frame. Every turn of the loop takes gas, except where it ends, so gas is a bound of its time.
 */
export function run(frame: Frame, machine: Machine): Signal {
  const { stack, memory, program } = frame;
  const { watch } = machine;
  const { code } = program;
  const { gas: gasOf, stack: stackOf } = machine.rules.opcodes;
  let destinations = program.destinations;
  // `| 0` lets V8 keep a number as an integer of 32 bits, with which the loop is much faster.
  let pc = frame.pc | 0;
  let sp = frame.sp | 0;
  let { gas } = frame;
  let floor = watch === undefined ? 0 : watch.enter(gas);

  for (;;) {
    const op = code[pc] as number;
    const limits = stackOf[op] as number;
    gas -= gasOf[op] as number;
    if (((sp - (limits & 0xff)) | ((limits >> 16) - sp)) < 0) {
      return frame.haltAt(pc, sp, gas, stackError(limits, sp));
    }
    if (gas < floor) {
      if (gas < 0) return frame.haltAt(pc, sp, gas, 'out-of-gas');
      floor = (watch as ExecutionWatch).check(gas, frame, pc, sp, machine);
    }

    switch (op) {
      case 0x00: // STOP
        frame.gas = gas;
        return succeeded;
      case 0x01: {
        // ADD
        const sum = (stack[sp - 1] as bigint) + (stack[sp - 2] as bigint);
        stack[--sp - 1] = sum > maxWord ? sum - twoPow256 : sum;
        break;
      }
      case 0x02: {
        // MUL
        const product = (stack[sp - 1] as bigint) * (stack[sp - 2] as bigint);
        stack[--sp - 1] = product > maxWord ? BigInt.asUintN(256, product) : product;
        break;
      }
      case 0x03: {
        // SUB
        const difference = (stack[sp - 1] as bigint) - (stack[sp - 2] as bigint);
        stack[--sp - 1] = difference < 0n ? difference + twoPow256 : difference;
        break;
      }
      case 0x04: {
        // DIV
        const divisor = stack[sp - 2] as bigint;
        stack[sp - 2] = divisor === 0n ? 0n : (stack[sp - 1] as bigint) / divisor;
        sp--;
        break;
      }
      case 0x05: // SDIV
        stack[sp - 2] = signedDivide(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x06: {
        // MOD
        const divisor = stack[sp - 2] as bigint;
        stack[sp - 2] = divisor === 0n ? 0n : (stack[sp - 1] as bigint) % divisor;
        sp--;
        break;
      }
      case 0x07: // SMOD
        stack[sp - 2] = signedModulo(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x08: // ADDMOD
        stack[sp - 3] = addModulo(stack[sp - 1] as bigint, stack[sp - 2] as bigint, stack[sp - 3] as bigint);
        sp -= 2;
        break;
      case 0x09: {
        // MULMOD
        const divisor = stack[sp - 3] as bigint;
        stack[sp - 3] = divisor === 0n ? 0n : ((stack[sp - 1] as bigint) * (stack[sp - 2] as bigint)) % divisor;
        sp -= 2;
        break;
      }
      case 0x0a: {
        // EXP
        const exponent = stack[sp - 2] as bigint;
        gas -= machine.expGas(exponent);
        if (gas < 0) return frame.halt('out-of-gas');
        stack[sp - 2] = power(stack[sp - 1] as bigint, exponent);
        sp--;
        break;
      }
      case 0x0b: // SIGNEXTEND
        stack[sp - 2] = signExtend(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x10: // LT
        stack[sp - 2] = (stack[sp - 1] as bigint) < (stack[sp - 2] as bigint) ? 1n : 0n;
        sp--;
        break;
      case 0x11: // GT
        stack[sp - 2] = (stack[sp - 1] as bigint) > (stack[sp - 2] as bigint) ? 1n : 0n;
        sp--;
        break;
      case 0x12: // SLT
        stack[sp - 2] = isSignedLess(stack[sp - 1] as bigint, stack[sp - 2] as bigint) ? 1n : 0n;
        sp--;
        break;
      case 0x13: // SGT
        stack[sp - 2] = isSignedLess(stack[sp - 2] as bigint, stack[sp - 1] as bigint) ? 1n : 0n;
        sp--;
        break;
      case 0x14: // EQ
        stack[sp - 2] = stack[sp - 1] === stack[sp - 2] ? 1n : 0n;
        sp--;
        break;
      case 0x15: // ISZERO
        stack[sp - 1] = stack[sp - 1] === 0n ? 1n : 0n;
        break;
      case 0x16: // AND
        stack[sp - 2] = (stack[sp - 1] as bigint) & (stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x17: // OR
        stack[sp - 2] = (stack[sp - 1] as bigint) | (stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x18: // XOR
        stack[sp - 2] = (stack[sp - 1] as bigint) ^ (stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x19: // NOT
        stack[sp - 1] = maxWord - (stack[sp - 1] as bigint);
        break;
      case 0x1a: // BYTE
        stack[sp - 2] = byteAt(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x1b: // SHL
        stack[sp - 2] = shiftLeft(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x1c: // SHR
        stack[sp - 2] = shiftRight(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x1d: // SAR
        stack[sp - 2] = signedShiftRight(stack[sp - 1] as bigint, stack[sp - 2] as bigint);
        sp--;
        break;
      case 0x1e: // CLZ
        stack[sp - 1] = BigInt(256 - bitLength(stack[sp - 1] as bigint));
        break;
      case 0x20: {
        // KECCAK256
        const offset = Number(stack[sp - 1]);
        const length = Number(stack[sp - 2]);
        gas = memory.require(offset, length, gas - keccakWordGas * Math.ceil(length / 32));
        if (gas < 0) return frame.halt('out-of-gas');
        stack[--sp - 1] = machine.keccakWord(memory.part(offset, length));
        break;
      }
      case 0x50: // POP
        sp--;
        break;
      case 0x51: {
        // MLOAD
        const offset = Number(stack[sp - 1]);
        gas = memory.require(offset, 32, gas);
        if (gas < 0) return frame.halt('out-of-gas');
        stack[sp - 1] = readWord(memory.view, offset);
        break;
      }
      case 0x52: {
        // MSTORE
        const offset = Number(stack[sp - 1]);
        gas = memory.require(offset, 32, gas);
        if (gas < 0) return frame.halt('out-of-gas');
        writeWord(memory.view, offset, stack[sp - 2] as bigint);
        sp -= 2;
        break;
      }
      case 0x53: {
        // MSTORE8
        const offset = Number(stack[sp - 1]);
        gas = memory.require(offset, 1, gas);
        if (gas < 0) return frame.halt('out-of-gas');
        memory.bytes[offset] = Number((stack[sp - 2] as bigint) & 0xffn);
        sp -= 2;
        break;
      }
      case 0x56: {
        // JUMP
        const target = Number(stack[--sp]);
        destinations ??= program.analyse();
        if (target >= program.length || destinations[target] !== 1) return frame.halt('invalid-jump');
        pc = target | 0;
        continue;
      }
      case 0x57: {
        // JUMPI
        sp -= 2;
        if (stack[sp] === 0n) break;
        const target = Number(stack[sp + 1]);
        destinations ??= program.analyse();
        if (target >= program.length || destinations[target] !== 1) return frame.halt('invalid-jump');
        pc = target | 0;
        continue;
      }
      case 0x58: // PC
        stack[sp++] = BigInt(pc);
        break;
      case 0x59: // MSIZE
        stack[sp++] = BigInt(memory.size);
        break;
      case 0x5a: // GAS
        stack[sp++] = BigInt(gas);
        break;
      case 0x5b: // JUMPDEST
        break;
      case 0x5f: // PUSH0
        stack[sp++] = 0n;
        break;
      case 0x60: // PUSH1
        stack[sp++] = smallWords[code[++pc] as number] as bigint;
        break;
      case 0x61: {
        // PUSH2
        const value = ((code[pc + 1] as number) << 8) | (code[pc + 2] as number);
        pc += 2;
        const next = code[pc + 1];
        if (next === 0x57 && sp > 0) {
          // JUMPI: most jumps are such pairs, whose target does not have to become a word.
          gas -= gasOf[next] as number;
          if (gas < 0) return frame.halt('out-of-gas');
          if (stack[--sp] === 0n) {
            pc += 2;
            continue;
          }
          destinations ??= program.analyse();
          if (value >= program.length || destinations[value] !== 1) return frame.halt('invalid-jump');
          pc = value;
          continue;
        }
        stack[sp++] = value < 256 ? (smallWords[value] as bigint) : program.constant(pc - 2);
        break;
      }
      case 0x62:
      case 0x63:
      case 0x64:
      case 0x65:
      case 0x66:
      case 0x67:
      case 0x68:
      case 0x69:
      case 0x6a:
      case 0x6b:
      case 0x6c:
      case 0x6d:
      case 0x6e:
      case 0x6f:
      case 0x70:
      case 0x71:
      case 0x72:
      case 0x73:
      case 0x74:
      case 0x75:
      case 0x76:
      case 0x77:
      case 0x78:
      case 0x79:
      case 0x7a:
      case 0x7b:
      case 0x7c:
      case 0x7d:
      case 0x7e:
      case 0x7f:
        // PUSH3 … PUSH32
        stack[sp++] = program.constant(pc);
        pc += op - 0x5f;
        break;
      case 0x80:
      case 0x81:
      case 0x82:
      case 0x83:
      case 0x84:
      case 0x85:
      case 0x86:
      case 0x87:
      case 0x88:
      case 0x89:
      case 0x8a:
      case 0x8b:
      case 0x8c:
      case 0x8d:
      case 0x8e:
      case 0x8f:
        // DUP1 … DUP16
        stack[sp] = stack[sp - (op - 0x7f)] as bigint;
        sp++;
        break;
      case 0x90:
      case 0x91:
      case 0x92:
      case 0x93:
      case 0x94:
      case 0x95:
      case 0x96:
      case 0x97:
      case 0x98:
      case 0x99:
      case 0x9a:
      case 0x9b:
      case 0x9c:
      case 0x9d:
      case 0x9e:
      case 0x9f: {
        // SWAP1 … SWAP16
        const other = sp - 1 - (op - 0x8f);
        const top = stack[sp - 1] as bigint;
        stack[sp - 1] = stack[other] as bigint;
        stack[other] = top;
        break;
      }
      case 0xf3: // RETURN
      case 0xfd: {
        // REVERT
        const offset = Number(stack[sp - 1]);
        const length = Number(stack[sp - 2]);
        gas = memory.require(offset, length, gas);
        if (gas < 0) return frame.halt('out-of-gas');
        frame.output = memory.copy(offset, length);
        frame.gas = gas;
        if (op === 0xf3) return succeeded;
        frame.error = 'revert';
        return reverted;
      }
      default: {
        frame.pc = pc;
        frame.sp = sp;
        frame.gas = gas;
        const signal = (operations[op] as (typeof operations)[number])(frame, machine, op);
        if (signal !== running) {
          // The frame goes on after the operation when its callee has ended.
          frame.pc++;
          return signal;
        }
        pc = frame.pc | 0;
        sp = frame.sp | 0;
        gas = frame.gas;
      }
    }
    pc = (pc + 1) | 0;
  }
}

function stackError(limits: number, sp: number): EvmErrorCode {
  if (limits < 0) return 'invalid-opcode';
  return sp < (limits & 0xff) ? 'stack-underflow' : 'stack-overflow';
}

import { plainFailure } from '../calls/call-failure.ts';
import type { CallKind } from '../evm/entry.ts';
import type { EvmErrorCode } from '../evm/evm.ts';
import type { Frame } from '../evm/frame/frame.ts';
import type { Machine } from '../evm/machine.ts';
import type { BlockState } from '../evm/state/block-state.ts';
import type { ExecutionTracer } from '../evm/tracer.ts';
import { opcodeName } from './opcode-names.ts';
import type { TracedEnd, TraceOptions, TraceRoom, TransactionTrace } from './trace-options.ts';

/** An instruction. Fields and their names are go-ethereum's. */
interface Step {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  gasCost: number;
  readonly depth: number;
  error?: string;
  readonly stack?: readonly string[] | undefined;
  readonly returnData?: string;
  readonly memory?: readonly string[];
  storage?: Readonly<Record<string, string>>;
  readonly refund?: number;
}

/** The step of a frame whose gas is not known yet. */
interface Open {
  readonly step: Step;
  /** Gas that the frame has paid for state before it (EIP-8037), which is not part of the cost. */
  readonly spilled: number;
  isKnown: boolean;
}

const sload = 0x54;
const sstore = 0x55;
const jumpi = 0x57;
const push2 = 0x61;
/** Length of a step in JSON without its lists. */
const stepLength = 100;

/** Collects the instructions of a transaction (go-ethereum's struct logger). */
export class InstructionTracer implements ExecutionTracer, TransactionTrace {
  readonly #options: TraceOptions;
  readonly #room: TraceRoom;
  readonly #state: BlockState;
  /** Constant part of the gas of each instruction. */
  #gas: Uint16Array = new Uint16Array(256);
  #refund = 0;
  readonly #steps: Step[] = [];
  /** Length of the steps in JSON; counted if it has a limit. */
  #size = 0;
  /** By depth. */
  readonly #open: (Open | undefined)[] = [];
  /** Slots that were accessed, by account. */
  readonly #storage = new Map<string, Record<string, string>>();

  constructor(options: TraceOptions, state: BlockState, room: TraceRoom) {
    this.#options = options;
    this.#room = room;
    this.#state = state;
  }

  /** Called before an instruction, after its constant gas was taken. */
  step(gas: number, frame: Frame, pc: number, sp: number, machine: Machine): void {
    this.#look(machine);
    const { code } = frame.program;
    const op = code[pc] as number;
    const before = gas + (this.#gas[op] as number);
    this.#close(frame, before);
    const step = this.#add(frame, pc, sp, op, before);
    if (step === undefined) return;
    if (this.#options.storage && (op === sload || op === sstore)) this.#addStorage(step, frame, sp, op);
    // The interpreter executes PUSH2 and JUMPI in one step.
    if (op === push2 && code[pc + 3] === jumpi && sp > 0) {
      this.#close(frame, gas);
      const target = BigInt(((code[pc + 1] as number) << 8) | (code[pc + 2] as number));
      this.#add(frame, pc + 3, sp, jumpi, gas, target);
    }
  }

  enter(frame: Frame, kind: CallKind | 'create', caller: Frame | undefined): void {
    this.#open[frame.depth] = undefined;
    // The gas of a creation is not part of the cost of its instruction.
    if (caller !== undefined) this.#close(caller, kind === 'create' ? caller.gas + frame.gas : caller.gas);
  }

  fault(frame: Frame, machine: Machine): void {
    this.#look(machine);
    const { pc, sp, error = 'out-of-gas' } = frame;
    const op = frame.program.code[pc] as number;
    const open = this.#open[frame.depth];
    // Errors of the deployment of code are not those of an instruction.
    if (error === 'code-size' || error === 'code-store-out-of-gas' || error === 'invalid-code') return;
    if (error === 'stack-underflow' || error === 'stack-overflow' || error === 'invalid-opcode') {
      this.#fail(frame, pc, sp, op, error);
      return;
    }
    const isUnseen = frame.gas < 0 && frame.gas + (this.#gas[op] as number) >= 0 && open?.step.pc !== pc;
    if (error === 'out-of-gas' && isUnseen) {
      this.#fail(frame, pc, sp, op, error);
      return;
    }
    if (open === undefined) return;
    open.step.error = plainFailure({ error });
    delete open.step.storage;
    if (!open.isKnown && frame.gas < open.step.gas) open.step.gasCost = open.step.gas - frame.gas;
  }

  complete(frame: Frame): void {
    this.#close(frame, frame.gas);
  }

  exit(frame: Frame): void {
    this.#close(frame, frame.gas);
    this.#open[frame.depth] = undefined;
  }

  refuseCreation(caller: Frame): void {
    this.#close(caller, caller.gas);
  }

  selfDestruct(): void {}

  log(): void {}

  finish({ isSuccess, isReverted, gasUsed, output }: TracedEnd): string {
    return JSON.stringify({
      gas: gasUsed,
      failed: !isSuccess,
      returnValue: isSuccess || isReverted ? hex(output) : '0x',
      structLogs: this.#steps,
    });
  }

  #look(machine: Machine): void {
    this.#gas = machine.rules.opcodes.gas;
    this.#refund = machine.refund;
  }

  #fail(frame: Frame, pc: number, sp: number, op: number, error: EvmErrorCode): void {
    const cost = this.#gas[op] as number;
    const before = frame.gas + cost;
    this.#close(frame, before);
    const step = this.#add(frame, pc, sp, op, before);
    const open = this.#open[frame.depth];
    if (step === undefined || open === undefined) return;
    step.gasCost = cost;
    step.error = plainFailure({ error });
    open.isKnown = true;
  }

  /** Sets the cost of the last instruction of a frame. @param left gas of the frame after it */
  #close(frame: Frame, left: number): void {
    const open = this.#open[frame.depth];
    if (open === undefined || open.isKnown) return;
    // The gas of a frame that ended with an error is lost, which is not the cost of the instruction.
    const stateGas = Math.max(0, frame.spilled - open.spilled);
    if (open.step.error === undefined) open.step.gasCost = open.step.gas - left - stateGas;
    open.isKnown = true;
  }

  /** @param pushed an item on the stack beside those of the frame */
  #add(frame: Frame, pc: number, sp: number, op: number, gas: number, pushed?: bigint): Step | undefined {
    const { limit, memory, stack, returnData } = this.#options;
    this.#open[frame.depth] = undefined;
    if (limit > 0 && this.#size > limit) return undefined;
    const refund = this.#refund;
    const step: Step = {
      pc,
      op: opcodeName(op),
      gas,
      gasCost: this.#gas[op] as number,
      depth: frame.depth + 1,
      ...(stack && { stack: stackOf(frame, sp, pushed) }),
      ...(returnData && frame.returnData.length > 0 && { returnData: hex(frame.returnData) }),
      ...(memory && frame.memory.size > 0 && { memory: memoryOf(frame) }),
      ...(refund > 0 && { refund }),
    };
    const size = (stack ? 12 * sp : 0) + (memory ? 2.2 * frame.memory.size : 0);
    this.#room.take(stepLength + size + (returnData ? 2 * frame.returnData.length : 0));
    this.#steps.push(step);
    if (limit > 0) this.#size += JSON.stringify(step).length;
    this.#open[frame.depth] = { step, spilled: frame.spilled, isKnown: false };
    return step;
  }

  #addStorage(step: Step, frame: Frame, sp: number, op: number): void {
    const { account, stack } = frame;
    const slots = this.#storage.get(account.key) ?? {};
    this.#storage.set(account.key, slots);
    const slot = stack[sp - 1] as bigint;
    const value = op === sload ? this.#state.slotOf(account, slot).value : (stack[sp - 2] as bigint);
    slots[word(slot)] = word(value);
    step.storage = { ...slots };
    this.#room.take(150 * Object.keys(slots).length);
  }
}

function stackOf({ stack }: Frame, sp: number, pushed: bigint | undefined): string[] {
  const items = stack.slice(0, sp).map((item) => `0x${item.toString(16)}`);
  if (pushed !== undefined) items.push(`0x${pushed.toString(16)}`);
  return items;
}

function memoryOf({ memory }: Frame): string[] {
  const words: string[] = [];
  for (let at = 0; at < memory.size; at += 32) words.push(hex(memory.part(at, 32)));
  return words;
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

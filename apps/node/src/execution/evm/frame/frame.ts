import type { EvmErrorCode } from '../evm.ts';
import type { AccountState } from '../state/account-state.ts';
import { Callee, emptyBytes } from './callee.ts';
import type { Memory } from './memory.ts';
import type { Program } from './program.ts';
import { halted } from './signal.ts';

/** The surroundings of code, as the caller gives them. */
export interface FrameContext {
  /** Whose storage and balance the code uses. */
  readonly account: AccountState;
  /** 20 bytes. */
  readonly caller: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly program: Program;
  readonly isStatic: boolean;
  /** Whether the code is init code. */
  readonly isCreation: boolean;
  /** 0 for the frame of a transaction. */
  readonly depth: number;
  readonly stack: bigint[];
  readonly memory: Memory;
  /** Logs and refund of the transaction when the frame begins. */
  readonly logCount: number;
  readonly refund: number;
}

/** What a frame does when its callee has ended. */
export interface Continuation {
  readonly isCreation: boolean;
  readonly callee: AccountState;
  /** The part of the memory for the output. */
  readonly outOffset: number;
  readonly outLength: number;
  /** Whether state gas for a new account is given back if the callee fails (EIP-8037). */
  readonly refundsNewAccount: boolean;
}

/** Code that is being executed. */
export class Frame extends Callee {
  readonly account: AccountState;
  readonly caller: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly program: Program;
  readonly isStatic: boolean;
  readonly isCreation: boolean;
  readonly depth: number;
  readonly stack: bigint[];
  readonly memory: Memory;
  readonly logCount: number;
  readonly refund: number;
  /** Where the next operation is. */
  pc = 0;
  /** Number of items on the stack. */
  sp = 0;
  /** Output of the last callee. */
  returnData: Uint8Array = emptyBytes;
  /** Set while a callee is executed. */
  continuation: Continuation | undefined;
  #inputView: DataView | undefined;

  constructor(context: FrameContext, gas: number, stateGas: number) {
    super(gas, stateGas);
    this.account = context.account;
    this.caller = context.caller;
    this.value = context.value;
    this.input = context.input;
    this.program = context.program;
    this.isStatic = context.isStatic;
    this.isCreation = context.isCreation;
    this.depth = context.depth;
    this.stack = context.stack;
    this.memory = context.memory;
    this.logCount = context.logCount;
    this.refund = context.refund;
  }

  get inputView(): DataView {
    this.#inputView ??= new DataView(this.input.buffer, this.input.byteOffset, this.input.byteLength);
    return this.#inputView;
  }

  halt(error: EvmErrorCode): typeof halted {
    this.error = error;
    return halted;
  }
}

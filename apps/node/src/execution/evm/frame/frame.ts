import type { EvmErrorCode } from '../evm.ts';
import { stackLimit } from '../rules/opcode-table.ts';
import type { AccountState } from '../state/account-state.ts';
import { GasBudget } from './gas-budget.ts';
import { Memory } from './memory.ts';
import { emptyProgram, type Program } from './program.ts';
import { halted, type reverted, running, type succeeded } from './signal.ts';

export const emptyBytes: Uint8Array = new Uint8Array(0);

/** Copied for each frame, which is faster than filling an array without holes. */
const emptyStack: readonly bigint[] = Array.from({ length: stackLimit }, () => 0n);

/** How a call has ended; `running` while its code is executed. */
export type CallEnd = typeof running | typeof succeeded | typeof reverted | typeof halted;

/** A call: its code while that is executed, and its result. Calls of one depth use it one after the other. */
export class Frame extends GasBudget {
  /** 0 for the call of a transaction. */
  readonly depth: number;
  readonly stack: bigint[] = emptyStack.slice();
  readonly memory: Memory = new Memory();

  account: AccountState;
  caller: AccountState;
  value = 0n;
  input: Uint8Array = emptyBytes;
  program: Program = emptyProgram;
  isStatic = false;
  /** Whether the code is init code. */
  isCreation = false;
  /** Logs and refund of the transaction before the call. */
  logCount = 0;
  refund = 0;

  /** Where the next operation is. */
  pc = 0;
  /** Number of items on the stack. */
  sp = 0;
  /** Output of the last callee. */
  returnData: Uint8Array = emptyBytes;
  /** The account that is called or created at present, and the part of the memory for its output. */
  callee: AccountState;
  outOffset = 0;
  outLength = 0;
  /** Whether state gas for the account is given back if the callee fails (EIP-8037). */
  refundsNewAccount = false;

  end: CallEnd = running;
  /** Of a call that succeeded or reverted. */
  output: Uint8Array = emptyBytes;
  error: EvmErrorCode | undefined;
  #inputView: DataView | undefined;

  /** @param account any; the frame has none before its first call */
  constructor(depth: number, account: AccountState) {
    super(0, 0);
    this.depth = depth;
    this.account = account;
    this.caller = account;
    this.callee = account;
  }

  /**
   * Begins a call.
   *
   * @param account whose storage and balance the code uses
   */
  begin(
    account: AccountState,
    caller: AccountState,
    value: bigint,
    input: Uint8Array,
    isStatic: boolean,
    isCreation: boolean,
    gas: number,
    stateGas: number,
  ): void {
    this.gas = gas;
    this.stateGas = stateGas;
    this.stateGasUsed = 0;
    this.spilled = 0;
    this.account = account;
    this.caller = caller;
    this.value = value;
    this.input = input;
    this.isStatic = isStatic;
    this.isCreation = isCreation;
    this.pc = 0;
    this.sp = 0;
    this.returnData = emptyBytes;
    this.end = running;
    this.output = emptyBytes;
    this.error = undefined;
    this.#inputView = undefined;
  }

  get inputView(): DataView {
    this.#inputView ??= new DataView(this.input.buffer, this.input.byteOffset, this.input.byteLength);
    return this.#inputView;
  }

  /** Ends the code with an error. */
  halt(error: EvmErrorCode): typeof halted {
    this.error = error;
    return halted;
  }

  /** Ends the code at an instruction that is not executed. */
  haltAt(pc: number, sp: number, gas: number, error: EvmErrorCode): typeof halted {
    this.pc = pc;
    this.sp = sp;
    this.gas = gas;
    return this.halt(error);
  }

  /** Ends a call that is not possible: it fails and keeps its gas. */
  refuse(error: EvmErrorCode): void {
    this.error = error;
    this.end = halted;
  }
}

import { plainFailure, revertReason } from '../calls/call-failure.ts';
import type { CallKind } from '../evm/entry.ts';
import type { EvmErrorCode, Log } from '../evm/evm.ts';
import type { Frame } from '../evm/frame/frame.ts';
import { reverted, succeeded } from '../evm/frame/signal.ts';
import type { ExecutionTracer } from '../evm/tracer.ts';
import type { TracedEnd, TraceOptions, TraceRoom, TransactionTrace } from './trace-options.ts';

/** The transaction that is traced, as far as the result shows it. */
export interface TracedTransaction {
  readonly from: Uint8Array;
  /** Absent for a creation. */
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly gas: bigint;
  /** Logs of the block before the transaction. */
  readonly logsBefore: number;
}

interface Call {
  readonly type: string;
  readonly from: string;
  to?: string | undefined;
  gas: string;
  gasUsed: string;
  readonly input: string;
  readonly value?: string | undefined;
  output?: string;
  error?: string;
  revertReason?: string;
  calls?: Call[];
  logs?: object[] | undefined;
}

const createType = 0xf0;
const types: Readonly<Record<number, string>> = { [createType]: 'CREATE', 245: 'CREATE2' };

/** Collects the calls of a transaction as a tree (go-ethereum's `callTracer`). */
export class CallTracer implements ExecutionTracer, TransactionTrace {
  readonly #options: TraceOptions;
  readonly #transaction: TracedTransaction;
  readonly #room: TraceRoom;
  /** The calls that have not ended, the deepest one last, with their gas. */
  readonly #open: { readonly call: Call; readonly gas: number }[] = [];
  #top: Call | undefined;
  #logs: number;

  constructor(options: TraceOptions, transaction: TracedTransaction, room: TraceRoom) {
    this.#options = options;
    this.#transaction = transaction;
    this.#room = room;
    this.#logs = transaction.logsBefore;
  }

  enter(
    frame: Frame,
    kind: CallKind | 'create',
    caller: Frame | undefined,
    from: Uint8Array,
    to: Uint8Array,
    input: Uint8Array,
  ): void {
    const creation = caller === undefined ? 'CREATE' : (types[caller.program.code[caller.pc] as number] ?? 'CREATE');
    const call: Call = {
      type: kind === 'create' ? creation : kind.toUpperCase(),
      from: hex(from),
      to: hex(to),
      gas: quantity(frame.gas),
      gasUsed: '0x0',
      input: hex(input),
      ...(kind !== 'staticcall' && { value: quantity(frame.value) }),
    };
    this.#add(call, frame.gas);
  }

  exit(frame: Frame): void {
    const { call, gas } = this.#open.pop() as { call: Call; gas: number };
    call.gasUsed = quantity(gas - frame.gas);
    const isReverted = frame.end === reverted;
    setOutput(call, frame.end === succeeded ? undefined : (frame.error ?? 'out-of-gas'), isReverted, frame.output);
  }

  refuseCreation(caller: Frame, to: Uint8Array, value: bigint, input: Uint8Array, error: EvmErrorCode): void {
    const gas = caller.gas - Math.floor(caller.gas / 64);
    const call: Call = {
      type: types[caller.program.code[caller.pc] as number] ?? 'CREATE',
      from: hex(caller.account.address),
      gas: quantity(gas),
      gasUsed: '0x0',
      input: hex(input),
      value: quantity(value),
      error: plainFailure({ error }),
    };
    void to;
    this.#add(call, gas);
    this.#open.pop();
  }

  selfDestruct(from: Uint8Array, to: Uint8Array, balance: bigint): void {
    const call: Call = {
      type: 'SELFDESTRUCT',
      from: hex(from),
      to: hex(to),
      gas: '0x0',
      gasUsed: '0x0',
      input: '0x',
      value: quantity(balance),
    };
    this.#add(call, 0);
    this.#open.pop();
  }

  log({ address, topics, data }: Log): void {
    const index = this.#logs++;
    if (!this.#options.withLog || (this.#options.onlyTopCall && this.#open.length > 1)) return;
    const call = this.#open.at(-1)?.call;
    if (call === undefined) return;
    const entry = {
      address: hex(address),
      topics: topics.map(hex),
      data: hex(data),
      index: quantity(index),
      position: quantity(call.calls?.length ?? 0),
    };
    this.#room.take(300 + 2 * data.length);
    call.logs ??= [];
    call.logs.push(entry);
  }

  fault(): void {}

  complete(): void {}

  finish({ isSuccess, gasUsed, output }: TracedEnd): string {
    // A transfer to an account without code enters no frame, and neither does a call without gas for it.
    const { from, to, value, input, gas } = this.#transaction;
    const top = this.#top ?? {
      type: to === undefined ? 'CREATE' : 'CALL',
      from: hex(from),
      ...(to && { to: hex(to) }),
      gas: '0x0',
      gasUsed: '0x0',
      input: hex(input),
      value: quantity(value),
    };
    if (this.#top === undefined) setOutput(top, isSuccess ? undefined : 'out-of-gas', false, output);
    top.gas = quantity(gas);
    top.gasUsed = quantity(gasUsed);
    clearFailedLogs(top, false);
    return JSON.stringify(top);
  }

  #add(call: Call, gas: number): void {
    const parent = this.#open.at(-1)?.call;
    this.#open.push({ call, gas });
    if (parent === undefined) {
      this.#top = call;
      return;
    }
    if (this.#options.onlyTopCall) return;
    this.#room.take(400 + call.input.length);
    parent.calls ??= [];
    parent.calls.push(call);
  }
}

function setOutput(call: Call, error: EvmErrorCode | undefined, isReverted: boolean, output: Uint8Array): void {
  if (error === undefined) {
    if (output.length > 0) call.output = hex(output);
    return;
  }
  call.error = plainFailure({ error });
  if (call.type === 'CREATE' || call.type === 'CREATE2') call.to = undefined;
  if (!isReverted || output.length === 0) return;
  call.output = hex(output);
  const reason = revertReason(output);
  if (reason !== undefined) call.revertReason = reason;
}

/** Removes the logs of calls whose changes were undone. */
function clearFailedLogs(call: Call, isUndone: boolean): void {
  const isFailed = isUndone || call.error !== undefined;
  if (isFailed) call.logs = undefined;
  for (const inner of call.calls ?? []) clearFailedLogs(inner, isFailed);
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

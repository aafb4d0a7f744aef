import type { Crypto } from '@devp2p/crypto';
import { decodeBody, decodeTransaction, recoverSender, type SealedHeader } from '@devp2p/eth';
import { CallError } from '../../errors/call-error.ts';
import { blockAuthor } from '../../validation/block-author.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { blockContext } from '../block/block-context.ts';
import { BlockExecution } from '../block/block-execution.ts';
import { evmBlock } from '../block/evm-factory.ts';
import type { OpenedState } from '../calls/call-runner.ts';
import type { CallWatch } from '../calls/call-watch.ts';
import type { ChainEvm } from '../evm/chain-evm.ts';
import type { Frame } from '../evm/frame/frame.ts';
import type { Machine } from '../evm/machine.ts';
import { BlockState } from '../evm/state/block-state.ts';
import type { ExecutionTracer } from '../evm/tracer.ts';
import type { ExecutionWatch } from '../evm/watch.ts';
import { CallTracer } from './call-tracer.ts';
import { InstructionTracer } from './instruction-tracer.ts';
import type { TraceOptions, TraceRoom } from './trace-options.ts';

/** Length of all results of a request, about, in characters: that of a response. */
const maxLength = 25_000_000;

/** @see traceBlock */
export interface TraceBlockParts {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  readonly evm: ChainEvm;
  readonly header: SealedHeader;
  /** RLP of the body. */
  readonly body: Uint8Array;
  /** The state after the parent. */
  readonly opened: OpenedState;
  /** The transaction to trace. @default all */
  readonly index?: number | undefined;
  readonly options: TraceOptions;
  readonly watch: CallWatch;
}

/**
 * Executes a block again and traces its transactions.
 *
 * @returns the results as texts in JSON
 * @throws CallError `timeout`, `failed` for a trace that is too long
 */
export async function traceBlock(parts: TraceBlockParts): Promise<readonly string[]> {
  const { config, crypto, header, body, opened, index, options, watch } = parts;
  const context = blockContext(config, header, opened.blockHash, blockAuthor(config, header, crypto));
  const state = new BlockState(opened.state, crypto);
  const current: Current = { trace: undefined };
  const evm = parts.evm.at(evmBlock(context), state, undefined, {
    watch: new StepWatch(current, watch),
    tracer: passOn(current),
  });
  const execution = new BlockExecution({
    config,
    context,
    state,
    evm,
    crypto,
    accessList: undefined,
    // Receipts are not made.
    intermediateRoot: () => noRoot,
  });
  await execution.begin();
  const room = new Room();
  const results: string[] = [];
  let logsBefore = 0;
  for (const [i, raw] of [...decodeBody(body).transactions].entries()) {
    const transaction = decodeTransaction(raw);
    const from = recoverSender(raw, crypto);
    watch.expectTime();
    let trace: Trace | undefined;
    if (index === undefined || index === i) {
      const { to, value, input, gas } = transaction;
      const traced = { from: from ?? noSender, to, value, input, gas, logsBefore };
      trace =
        options.tracer === 'calls'
          ? new CallTracer(options, traced, room)
          : new InstructionTracer(options, state, room);
    }
    current.trace = trace;
    const { isSuccess, error, spent, output, logs } = await execution.apply(transaction, from);
    current.trace = undefined;
    logsBefore += logs.length;
    if (trace === undefined) continue;
    const isReverted = error === 'revert';
    results.push(trace.finish({ isSuccess, isReverted, gasUsed: spent.paid, output }));
    if (index !== undefined) break;
  }
  return results;
}

const noRoot = new Uint8Array(32);
const noSender = new Uint8Array(20);

class Room implements TraceRoom {
  #left = maxLength;

  take(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new CallError('failed', 'trace too long: trace one transaction, or its calls');
  }
}

/** Gas from which on every instruction is reported. */
const always = Number.MAX_SAFE_INTEGER;

type Trace = CallTracer | InstructionTracer;

/** The trace of the present transaction; `undefined` while none is traced, and during calls of the protocol. */
interface Current {
  trace: Trace | undefined;
}

/** Steps after which the time is read. */
const stepsPerCheck = 1_024;

/** Reports each instruction to the trace, and bounds the time. */
class StepWatch implements ExecutionWatch {
  readonly #current: Current;
  readonly #watch: CallWatch;
  #steps = 0;

  constructor(current: Current, watch: CallWatch) {
    this.#current = current;
    this.#watch = watch;
  }

  enter(gas: number): number {
    const floor = this.#watch.enter(gas);
    return this.#current.trace instanceof InstructionTracer ? always : floor;
  }

  check(gas: number, frame: Frame, pc: number, sp: number, machine: Machine): number {
    const { trace } = this.#current;
    if (!(trace instanceof InstructionTracer)) return this.#watch.check(gas);
    if (++this.#steps % stepsPerCheck === 0) this.#watch.expectTime();
    trace.step(gas, frame, pc, sp, machine);
    return always;
  }
}

/** Passes the events of calls on to the trace. */
function passOn(current: Current): ExecutionTracer {
  return {
    enter: (...event) => current.trace?.enter(...event),
    exit: (frame) => current.trace?.exit(frame),
    complete: (frame) => current.trace?.complete(frame),
    fault: (frame, machine) => current.trace?.fault(frame, machine),
    refuseCreation: (...event) => current.trace?.refuseCreation(...event),
    selfDestruct: (...event) => current.trace?.selfDestruct(...event),
    log: (log) => current.trace?.log(log),
  };
}

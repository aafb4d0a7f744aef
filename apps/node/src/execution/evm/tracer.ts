import type { CallKind } from './entry.ts';
import type { EvmErrorCode, Log } from './evm.ts';
import type { Frame } from './frame/frame.ts';
import type { Machine } from './machine.ts';

/** Observes the calls of an execution. Its steps are observed by an `ExecutionWatch`. */
export interface ExecutionTracer {
  /**
   * Called before a call or creation, which may fail before its code is executed.
   *
   * @param frame has begun; `frame.gas` is the gas of the call
   * @param caller whose code calls; absent for the call of a transaction
   * @param to the account whose code is called, or that is created
   */
  enter(
    frame: Frame,
    kind: CallKind | 'create',
    caller: Frame | undefined,
    from: Uint8Array,
    to: Uint8Array,
    input: Uint8Array,
  ): void;
  /** Called when code ends with an error, before its gas is taken. */
  fault(frame: Frame, machine: Machine): void;
  /** Called when code ends otherwise, before that of a new contract is paid for. */
  complete(frame: Frame): void;
  /** Called when a call has ended. */
  exit(frame: Frame): void;
  /** Called for a creation that is not entered. */
  refuseCreation(caller: Frame, to: Uint8Array, value: bigint, input: Uint8Array, error: EvmErrorCode): void;
  selfDestruct(from: Uint8Array, to: Uint8Array, balance: bigint): void;
  log(log: Log): void;
}

/** What a trace has, as go-ethereum's `TraceConfig`. */
export interface TraceOptions {
  /** The calls, or each instruction. */
  readonly tracer: 'calls' | 'instructions';
  /** Of a trace of calls: whether it has the call of the transaction alone. */
  readonly onlyTopCall: boolean;
  /** Of a trace of calls: whether it has the logs. */
  readonly withLog: boolean;
  /** Of a trace of instructions. */
  readonly memory: boolean;
  readonly stack: boolean;
  readonly storage: boolean;
  readonly returnData: boolean;
  /** Length in JSON after which the instructions of a transaction end; 0 for no limit. */
  readonly limit: number;
}

/** A transaction that was executed. */
export interface TracedEnd {
  readonly isSuccess: boolean;
  readonly isReverted: boolean;
  /** Gas that the transaction has paid for. */
  readonly gasUsed: number;
  readonly output: Uint8Array;
}

/** Observes one transaction. */
export interface TransactionTrace {
  /** The result, as text in JSON. */
  finish(end: TracedEnd): string;
}

/** Counts the length of a trace. */
export interface TraceRoom {
  /** @throws CallError `failed` when the trace becomes too long */
  take(length: number): void;
}

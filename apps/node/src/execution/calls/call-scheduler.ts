import type { Clock } from '@devp2p/clock';
import { CallError } from '../../errors/call-error.ts';
import type { CallResult, CallResults, CallTask, ExecutionTask } from './call-task.ts';

/** Executes one call at a time. */
export interface CallLane {
  /**
   * @param limit time in ms
   * @throws CallError; ExecutionError, StateError when the state cannot be read
   */
  run(task: CallTask, limit: number): Promise<CallResult>;
  /** Ends the running call. The next one starts anew. */
  reset(): Promise<void>;
}

/** Executes calls, whose changes are dropped. */
export interface CallExecutor {
  /** @throws CallError; ExecutionError, StateError when the state cannot be read */
  run<Task extends CallTask>(task: Task): Promise<CallResults[Task['type']]>;
}

/** @see createCallScheduler */
export interface CallSchedulerOptions {
  /** @param name of its thread */
  readonly openLane: (name: 'short' | 'long') => CallLane;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Time in ms that most calls need. */
const shortLimit = 20;
/** Time in ms of a call (go-ethereum, `RPCEVMTimeout`). */
const longLimit = 5_000;
/** Calls that wait in a lane, at most. */
const maxWaiting = { short: 4_096, long: 256 } as const;
/** Time in ms after which a caller does not wait for the result any more. */
const maxWait = 30_000;
/** Time in ms in which calls of a function that took long are not tried in the short lane. */
const slowTime = 10_000;
const maxSlow = 1_024;

/** A scheduler that can be closed. */
export interface CallScheduler extends CallExecutor {
  /** Ends the running calls. */
  reset(): Promise<void>;
  /** Rejects all calls. */
  close(): Promise<void>;
}

/**
 * Creates a scheduler with two lanes: calls that take longer than most are executed again in the second one, so that they
 * do not hold up others. Functions of contracts that took long go there at once.
 */
export function createCallScheduler({ openLane, clock }: CallSchedulerOptions): CallScheduler {
  const short = new Lane(openLane('short'), maxWaiting.short, clock);
  const long = new Lane(openLane('long'), maxWaiting.long, clock);
  /** Times until which functions count as slow. */
  const slow = new Map<string, number>();
  let isClosed = false;
  const run = async (task: CallTask): Promise<CallResult> => {
    if (isClosed) throw new CallError('closed', 'the execution is closed');
    // Traces execute whole blocks, so that few would end in the short lane.
    if (task.type === 'trace') return long.run(task, longLimit);
    const key = functionOf(task);
    if ((slow.get(key) ?? Number.NEGATIVE_INFINITY) < clock.monotonic()) {
      try {
        return await short.run(task, shortLimit);
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== 'timeout') throw error;
      }
      slow.delete(key);
      slow.set(key, clock.monotonic() + slowTime);
      const [oldest] = slow.keys();
      if (slow.size > maxSlow && oldest !== undefined) slow.delete(oldest);
    }
    return long.run(task, longLimit);
  };
  const reset = async (): Promise<void> => {
    await Promise.all([short.reset(), long.reset()]);
  };
  return {
    // The result has the type of its task.
    run: run as CallExecutor['run'],
    reset,
    async close() {
      isClosed = true;
      await reset();
    },
  };
}

interface Waiting {
  readonly task: CallTask;
  readonly limit: number;
  readonly end: number;
  resolve(result: CallResult): void;
  reject(error: unknown): void;
}

/** Calls that wait for a lane, in their order. */
class Lane {
  readonly #lane: CallLane;
  readonly #maxWaiting: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(lane: CallLane, maxWaiting: number, clock: Pick<Clock, 'monotonic'>) {
    this.#lane = lane;
    this.#maxWaiting = maxWaiting;
    this.#clock = clock;
  }

  run(task: CallTask, limit: number): Promise<CallResult> {
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(new CallError('busy', 'too many calls are waiting'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, limit, end: this.#clock.monotonic() + maxWait, resolve, reject });
      void this.#next();
    });
  }

  async reset(): Promise<void> {
    const error = new CallError('closed', 'the execution has ended');
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    await this.#lane.reset();
  }

  async #next(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { task, limit, end, resolve, reject } = next;
      if (this.#clock.monotonic() > end) {
        reject(new CallError('timeout', 'execution aborted (timeout)'));
        continue;
      }
      try {
        resolve(await this.#lane.run(task, limit));
      } catch (error) {
        reject(error);
      }
    }
    this.#isRunning = false;
  }
}

/** The function that a task calls: the recipient, and the first bytes of the input. */
function functionOf({ type, message: { to, input }, accounts }: ExecutionTask): string {
  const selector = input?.subarray(0, 4) ?? new Uint8Array(0);
  const overrides = accounts === undefined ? '' : '+';
  return `${type}${overrides}${Buffer.from(to ?? selector).toString('hex')}${Buffer.from(selector).toString('hex')}`;
}

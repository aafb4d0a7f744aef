import { CallError } from '../../errors/call-error.ts';
import type { ExecutionWatch } from '../evm/watch.ts';

/** Gas after which the time is read: some milliseconds of the slowest instructions. */
const gasPerCheck = 50_000;
/** Frames after which the time is read. */
const framesPerCheck = 32;

/** Ends a call when its time is over. */
export class CallWatch implements ExecutionWatch {
  readonly #now: () => number;
  readonly #end: number;
  #frames = 0;

  /** @param limit time from now on in ms */
  constructor(now: () => number, limit: number) {
    this.#now = now;
    this.#end = now() + limit;
  }

  /** Time that is left in ms. */
  get left(): number {
    return this.#end - this.#now();
  }

  enter(gas: number): number {
    this.#frames++;
    if (this.#frames % framesPerCheck === 0) this.expectTime();
    return Math.max(0, gas - gasPerCheck);
  }

  check(gas: number): number {
    this.expectTime();
    return Math.max(0, gas - gasPerCheck);
  }

  /** @throws CallError `timeout` */
  expectTime(): void {
    if (this.left <= 0) throw new CallError('timeout', 'execution aborted (timeout)');
  }
}

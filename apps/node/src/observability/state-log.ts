import type { Clock, Timer } from '@devp2p/clock';
import type { Log, LogFields } from '../logging/log.ts';
import { isWaiting, type NodeState, stateText } from './node-state.ts';

/** Time between two checks of the state, in milliseconds. */
const checkInterval = 1_000;
/** A state is logged after it has lasted this long, in milliseconds. */
const settleTime = 5_000;
/** Time between two lines about the same state, in milliseconds. */
const repeatInterval = 300_000;

/** Logs the state of a node while it waits. @returns an object whose `close` ends it */
export function logState(look: () => NodeState, clock: Clock, log: Log): { close(): void } {
  let name: NodeState['name'] | undefined;
  let since = clock.monotonic();
  let logged: number | undefined;
  const check = (): void => {
    timer = clock.setTimeout(check, checkInterval);
    const state = look();
    const now = clock.monotonic();
    if (state.name !== name) {
      [name, since, logged] = [state.name, now, undefined];
    }
    if (!isWaiting(state) || now - since < settleTime) return;
    if (logged !== undefined && now - logged < repeatInterval) return;
    logged = now;
    log.info(fieldsOf(state), stateText(state));
  };
  let timer: Timer = clock.setTimeout(check, checkInterval);
  return { close: () => timer.cancel() };
}

/** The name and the details of a state, without lists. */
function fieldsOf({ name, ...details }: NodeState): LogFields {
  const fields = Object.entries(details).filter(([, value]) => typeof value !== 'object');
  return { state: name, ...Object.fromEntries(fields) };
}

/** @see expectProgress */
export interface ProgressExpectation {
  /** Milliseconds since the sync received anything. */
  readonly idleTime: () => number;
  readonly clock: Clock;
  /** In milliseconds. */
  readonly limit: number;
  /** Creates the error from the state in which the node waits. */
  readonly fail: (state: NodeState) => Error;
}

/**
 * Rejects when a node has waited for `limit` without receiving a block. The time for which the sync was idle before the
 * state changed to waiting is included.
 *
 * @throws the error that `fail` returns
 */
export function expectProgress(
  look: () => NodeState,
  { idleTime, clock, limit, fail }: ProgressExpectation,
): { readonly failed: Promise<never>; close(): void } {
  let timer: Timer | undefined;
  const failed = new Promise<never>((_, reject) => {
    let since: number | undefined;
    const check = (): void => {
      const state = look();
      const now = clock.monotonic();
      since = isWaiting(state) ? (since ?? now - idleTime()) : undefined;
      if (since !== undefined && now - since >= limit) reject(fail(state));
      else timer = clock.setTimeout(check, Math.min(checkInterval, limit));
    };
    check();
  });
  failed.catch(() => {});
  return { failed, close: () => timer?.cancel() };
}

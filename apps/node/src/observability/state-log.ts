import type { Clock, Timer } from '@devp2p/clock';
import type { Log } from '../logging/log.ts';
import { isWaiting, type NodeState, stateText } from './node-state.ts';

/** How often a state is looked at, how long it has to last to be logged, and from then to the next time, in ms. */
const lookInterval = 1_000;
const settleTime = 5_000;
const repeatInterval = 300_000;

/** Logs what a node waits for, as long as it does. @returns what ends it */
export function logState(look: () => NodeState, clock: Clock, log: Log): { close(): void } {
  let name: NodeState['name'] | undefined;
  let since = clock.monotonic();
  let logged: number | undefined;
  const check = (): void => {
    timer = clock.setTimeout(check, lookInterval);
    const state = look();
    const now = clock.monotonic();
    if (state.name !== name) {
      [name, since, logged] = [state.name, now, undefined];
    }
    if (!isWaiting(state) || now - since < settleTime) return;
    if (logged !== undefined && now - logged < repeatInterval) return;
    logged = now;
    log.info({ state: state.name }, stateText(state));
  };
  let timer: Timer = clock.setTimeout(check, lookInterval);
  return { close: () => timer.cancel() };
}

/** @see expectProgress */
export interface ProgressExpectation {
  /** ms since the sync received anything. */
  readonly idleTime: () => number;
  readonly clock: Clock;
  /** In ms. */
  readonly limit: number;
  readonly fail: (text: string) => Error;
}

/**
 * Rejects when a node has waited for so long without a block in between. What a sync was idle before it counts as
 * waiting belongs to it.
 *
 * @throws what `fail` makes of the state
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
      if (since !== undefined && now - since >= limit) reject(fail(stateText(state)));
      else timer = clock.setTimeout(check, Math.min(1_000, limit));
    };
    check();
  });
  failed.catch(() => {});
  return { failed, close: () => timer?.cancel() };
}

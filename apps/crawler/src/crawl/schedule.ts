import { hasReached, type NodeStatus } from '../model/node-record.ts';
import type { Next } from '../visit/outcome.ts';

/** When nodes are visited again. Times are in milliseconds. */
export interface ScheduleOptions {
  /** After a visit that got what it was for. @default 1_800_000 */
  readonly successInterval?: number | undefined;
  /** After the first visit in vain; doubled with each one more in a row. @default 60_000 */
  readonly minBackoff?: number | undefined;
  /** What it is doubled up to. @default 172_800_000 */
  readonly maxBackoff?: number | undefined;
  /** After a node has said that it does not speak eth. @default 1_209_600_000 */
  readonly otherProtocolInterval?: number | undefined;
  /** The most that chance adds to any of these, and never more than as much again. @default 3_600_000 */
  readonly maxJitter?: number | undefined;
}

/** What a visit came to, as far as it matters for the next one. */
export interface Outcome {
  readonly status: NodeStatus;
  /** Visits in vain before this one, in a row. */
  readonly failures: number;
  /** Whether there is a port to dial. */
  readonly dialable: boolean;
  /** Whether the node offers eth; `undefined` when it did not say. */
  readonly speaksEth: boolean | undefined;
}

/** Returns what decides on the next visit. */
export function schedule(options: ScheduleOptions, fraction: () => number): (o: Outcome) => Next {
  const {
    successInterval = 30 * 60_000,
    minBackoff = 60_000,
    maxBackoff = 48 * 3_600_000,
    otherProtocolInterval = 14 * 24 * 3_600_000,
    maxJitter = 3_600_000,
  } = options;
  const jittered = (wait: number) => Math.round(wait + fraction() * Math.min(wait, maxJitter));
  return ({ status, failures, dialable, speaksEth }) => {
    if (hasReached(status, dialable ? 'status' : 'bonded')) {
      return { wait: jittered(successInterval), failures: 0 };
    }
    if (speaksEth === false) return { wait: jittered(otherProtocolInterval), failures: 0 };
    const backoff = Math.min(maxBackoff, minBackoff * 2 ** Math.min(failures, 52));
    return { wait: jittered(backoff), failures: failures + 1 };
  };
}

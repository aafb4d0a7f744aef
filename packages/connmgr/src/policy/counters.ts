import type { Refusal } from '../connection.ts';
import { failureName } from '../error.ts';

/** Why an offered address is not dialed. */
export type SkipReason =
  | 'known'
  | 'already-connected'
  | 'connected-to-self'
  | 'recently-dialed'
  | 'banned'
  | 'not-permitted'
  | 'same-network';

/** Counts since the manager was created. */
export interface Counters {
  /** Dials, including feelers. */
  dials: number;
  /** Failed dials, by the `code` of the error, otherwise its `name`. */
  failures: Record<string, number>;
  /** Offered addresses that were not dialed. */
  skipped: Record<SkipReason, number>;
  /** Established outbound connections, without feelers. */
  connected: number;
  /** Feelers that succeeded. */
  tested: number;
  /** Inbound connections, accepted or not. */
  accepts: number;
  /** Failed calls of `accept`. */
  acceptFailures: number;
  /** Established inbound connections. */
  admitted: number;
  /** Refused inbound connections. */
  refusals: Record<Refusal, number>;
  /** Inbound handshakes that timed out, were displaced by newer ones, or failed. */
  handshakes: Record<'timeout' | 'displaced' | 'failed', number>;
  evicted: number;
  rotated: number;
}

/** Most distinct names of failures: errors come from injected functions. */
const maxFailureNames = 64;

export function newCounters(): Counters {
  return {
    dials: 0,
    failures: {},
    skipped: {
      known: 0,
      'already-connected': 0,
      'connected-to-self': 0,
      'recently-dialed': 0,
      banned: 0,
      'not-permitted': 0,
      'same-network': 0,
    },
    connected: 0,
    tested: 0,
    accepts: 0,
    acceptFailures: 0,
    admitted: 0,
    refusals: {
      stopping: 0,
      'network-off': 0,
      banned: 0,
      discouraged: 0,
      'not-permitted': 0,
      throttled: 0,
      'too-many-inbound': 0,
      'already-connected': 0,
      'connected-to-self': 0,
    },
    handshakes: { timeout: 0, displaced: 0, failed: 0 },
    evicted: 0,
    rotated: 0,
  };
}

export function countFailure({ failures }: Counters, error: unknown): void {
  const name = failureName(error);
  const isRoom = Object.hasOwn(failures, name) || Object.keys(failures).length < maxFailureNames;
  const cause = isRoom ? name : 'other';
  failures[cause] = (failures[cause] ?? 0) + 1;
}

import type { Refusal } from '../connection.ts';
import { causeOf } from '../error.ts';

/** Why an address that was offered is not dialled. */
export type Objection =
  | 'known'
  | 'already-connected'
  | 'connected-to-self'
  | 'recently-dialled'
  | 'banned'
  | 'not-permitted'
  | 'same-network';

/** What has happened since the manager was made. */
export interface Counters {
  /** Attempts to dial, feelers included. */
  dials: number;
  /** Attempts that came to nothing, by the `code` of their error, else its `name`. */
  failures: Record<string, number>;
  /** Addresses that were offered and not dialled. */
  skipped: Record<Objection, number>;
  /** Outbound connections that were established, feelers not included. */
  connected: number;
  /** Feelers that reached somebody. */
  tested: number;
  /** Whoever came in, whatever became of it. */
  accepts: number;
  /** Failures to accept. */
  acceptFailures: number;
  /** Inbound connections that were established. */
  admitted: number;
  /** Inbound connections that were not let in. */
  refusals: Record<Refusal, number>;
  /** Handshakes that did not end in time, that gave way to newer ones, or that failed. */
  handshakes: Record<'timeout' | 'displaced' | 'failed', number>;
  evicted: number;
  rotated: number;
}

/** How many causes of failures are told apart: errors are made by others. */
const MAX_CAUSES = 64;

export function newCounters(): Counters {
  return {
    dials: 0,
    failures: {},
    skipped: {
      known: 0,
      'already-connected': 0,
      'connected-to-self': 0,
      'recently-dialled': 0,
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
  const name = causeOf(error);
  const isRoom = Object.hasOwn(failures, name) || Object.keys(failures).length < MAX_CAUSES;
  const cause = isRoom ? name : 'other';
  failures[cause] = (failures[cause] ?? 0) + 1;
}

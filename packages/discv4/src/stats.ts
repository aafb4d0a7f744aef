/** What has happened since the start, in packets. */
export interface Stats {
  received: number;
  sent: number;
  /** Dropped: no discovery v4 packet; handed to `onUnhandled` if there is one. */
  foreign: number;
  /** Dropped: over the limit of their source. */
  limited: number;
  /** Dropped: unknown type, unreadable body or signature. */
  malformed: number;
  /** Dropped: past their expiration. */
  expired: number;
  /** Dropped: answers that nobody waits for. */
  unsolicited: number;
  /** Dropped: questions without endpoint proof, and pings that were not returned because one was under way. */
  unproven: number;
}

export function newStats(): Stats {
  return {
    received: 0,
    sent: 0,
    foreign: 0,
    limited: 0,
    malformed: 0,
    expired: 0,
    unsolicited: 0,
    unproven: 0,
  };
}

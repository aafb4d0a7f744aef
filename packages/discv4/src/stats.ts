/** Numbers of packets since the start. */
export interface Stats {
  received: number;
  sent: number;
  /** Not discovery v4 packets; offered to the next reader of the endpoint. */
  foreign: number;
  /** Dropped: above the rate limit of their source. */
  limited: number;
  /** Dropped: unknown type, invalid body or signature. */
  malformed: number;
  /** Dropped: expired. */
  expired: number;
  /** Dropped: responses without a pending request. */
  unsolicited: number;
  /** Dropped: requests without endpoint proof, and pings that were not returned because one was pending. */
  unproven: number;
}

export function createStats(): Stats {
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

import type { Refusal } from '../parse-node.ts';

/** Counts since the start. */
export interface Counts {
  /** Added nodes that were not known before. */
  added: number;
  /** Nodes moved to the tried table. */
  promoted: number;
  /** Refused nodes, or refused information about known ones, by reason. */
  refused: Record<Refusal, number>;
}

/** Current sizes, and {@link Counts}. */
export interface AddrManStats extends Readonly<Counts> {
  /** Number of nodes. */
  readonly size: number;
  /** Nodes of the new table: never connected, or evicted from the tried table. */
  readonly new: number;
  readonly tried: number;
  /** Slots in use in the new table. */
  readonly newSlots: number;
  /** Nodes that wait for a slot of the tried table. */
  readonly collisions: number;
}

export function newCounts(): Counts {
  return {
    added: 0,
    promoted: 0,
    refused: {
      malformed: 0,
      self: 0,
      unroutable: 0,
      'rate-limited': 0,
      'slot-taken': 0,
      'network-full': 0,
      'invalid-record': 0,
      'other-address': 0,
    },
  };
}

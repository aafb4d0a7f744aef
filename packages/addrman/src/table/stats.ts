import type { Refusal } from '../parse-node.ts';

/** Counts since the start. */
export interface Counts {
  /** Nodes that were not known before. */
  added: number;
  /** Nodes that were moved to the tried table. */
  promoted: number;
  /** Nodes that were not taken, or not what was new about them, by reason. */
  refused: Record<Refusal, number>;
}

/** Sizes now, and {@link Counts}. */
export interface AddrManStats extends Readonly<Counts> {
  /** All nodes. */
  readonly size: number;
  /** Nodes that we have never connected to, or that lost their tried place. */
  readonly new: number;
  readonly tried: number;
  /** Slots that those in the new table have together. */
  readonly newSlots: number;
  /** Nodes that wait for a tried place. */
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

import type { Clock } from '@devp2p/clock';

/** Points at which a peer is disconnected. */
export const maxFaults = 128;
/** Points that are forgotten in a second. */
const decay = 1;

/**
 * Points for messages that a peer of an honest node sends rarely: each fault alone is possible without intent. They decay,
 * so that the peer of a long run is not disconnected for few of them.
 */
export const faultPoints = {
  /** A block that it has announced before, or that is too far from the head. */
  uselessAnnouncement: 1,
  /** An announced block that it does not have: also after a reorganization. */
  undelivered: 1,
  uselessBlock: 2,
  /** A block whose parent is not known, and that its sender does not deliver. */
  unknownParent: 4,
  /** A whole block that it has sent before. */
  repeatedBlock: 8,
  /** A block with valid header and body whose execution shows another result. Its sender may not have executed it yet. */
  invalidExecution: 16,
} as const;

/** The points of one peer. */
export class FaultScore {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #points = 0;
  #at: number;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** @returns whether the limit is reached */
  add(fault: keyof typeof faultPoints): boolean {
    const now = this.#clock.monotonic();
    const forgotten = ((now - this.#at) / 1000) * decay;
    this.#points = Math.max(0, this.#points - forgotten) + faultPoints[fault];
    this.#at = now;
    return this.#points >= maxFaults;
  }
}

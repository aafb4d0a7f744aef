import type { SealedHeader } from '@devp2p/eth';

/** Headers that join each other, from `top` down to `tail`. */
export interface Segment {
  readonly top: number;
  readonly topHash: Uint8Array;
  readonly tail: number;
  /** Parent hash of the header at `tail`. */
  readonly tailParent: Uint8Array;
}

/** Where headers are kept from when they have come until their blocks are complete. */
export interface SkeletonStore {
  /** From the newest down; they do not overlap. */
  segments(): Promise<readonly Segment[]>;
  /** Adds headers and replaces the list of segments, in one batch. */
  write(headers: readonly SealedHeader[], segments: readonly Segment[]): Promise<void>;
  /** Ascending from the number, ending before the first that is missing. */
  headers(from: number, count: number): Promise<SealedHeader[]>;
  clear(): Promise<void>;
}

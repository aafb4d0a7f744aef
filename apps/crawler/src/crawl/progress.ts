import type { Rollup } from '../store/store.ts';

/** Progress of a crawl. */
export interface Progress {
  /** Start, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the start, by a monotonic clock. */
  readonly elapsed: number;
  /** Completed visits in this session. */
  readonly visits: number;
  /** Visits in progress. */
  readonly visiting: number;
  /** Nodes that were never visited. */
  readonly unvisited: number;
  /** Counts over all nodes, including those of earlier sessions. */
  readonly rollup: Rollup;
  /** Refused reports by limit. */
  readonly refused: Readonly<Record<string, number>>;
  /** Datagrams in this session. */
  readonly packets: { readonly sent: number; readonly received: number };
}

import type { NodeRecord, Visit } from '../model/node-record.ts';

/** Neighbors that a node reported. */
export interface ReportedNeighbors {
  readonly id: Uint8Array;
  /** Ids. */
  readonly neighbors: readonly Uint8Array[];
}

/** Changes that are written together: all of them or none. */
export interface CrawlBatch {
  /** New or changed nodes. Each replaces the stored node with its id, and its due time, and ends a lease of it. */
  readonly nodes?: readonly NodeRecord[];
  /** Ids of nodes to remove, with their visits and neighbors. */
  readonly removed?: readonly Uint8Array[];
  readonly visits?: readonly Visit[];
  /** Each replaces the stored neighbors of the node. */
  readonly neighbors?: readonly ReportedNeighbors[];
  /** Replaces the stored session with the same start. */
  readonly session?: CrawlSession;
}

/** One run of the crawler, up to now. Times are in milliseconds since the epoch. */
export interface CrawlSession {
  readonly startedAt: number;
  /** Absent while it runs, and forever if the process was killed. */
  readonly endedAt?: number;
  readonly visits: number;
  /** Latest rollup. */
  readonly rollup: Rollup;
}

/** Counts over all nodes at one time. */
export interface Rollup {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Number of nodes that reached each step or a further one. */
  readonly funnel: Readonly<Record<NodeRecord['status'], number>>;
  /** Nodes by the reason of their Disconnect in the last visit. */
  readonly disconnects: Readonly<Record<string, number>>;
  /** Nodes by the error of the last visit. */
  readonly errors: Readonly<Record<string, number>>;
  /** Nodes with a gossiped, unverified endpoint. */
  readonly gossiped: number;
  /** Nodes that answered from their endpoint. The remaining nodes have a signed endpoint and never answered. */
  readonly verified: number;
  /** Nodes that answered at least once, in any visit; the base of percentages. */
  readonly answered: number;
}

/** Storage of a crawl. */
export interface CrawlStore {
  /** Iterates over all nodes in no particular order, in their current state. */
  nodes(): AsyncIterable<NodeRecord>;
  get(id: Uint8Array): Promise<NodeRecord | undefined>;
  /**
   * Returns up to `limit` nodes with `dueAt <= now`, earliest first. They are leased: not returned again until a batch
   * that contains them is committed, or the store is reopened.
   */
  lease(now: number, limit: number): Promise<NodeRecord[]>;
  /** Returns the earliest due time of the nodes that are not leased; `undefined` without one. */
  nextDue(): Promise<number | undefined>;
  /** Resolves when the batch is durable: it survives the end of the process. */
  commit(batch: CrawlBatch): Promise<void>;
  /** Visits of one node, newest first. */
  visits(id: Uint8Array): AsyncIterable<Visit>;
  /** Ids of the neighbors that a node reported last. */
  neighbors(id: Uint8Array): Promise<Uint8Array[]>;
  /** Newest first. */
  sessions(): AsyncIterable<CrawlSession>;
  /** Rollups of all sessions, oldest first. */
  rollups(): AsyncIterable<Rollup>;
  /** Idempotent. */
  close(): Promise<void>;
}

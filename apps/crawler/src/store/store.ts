import type { NodeRecord, Visit } from '../model/node-record.ts';

/** What belongs together: all of it is kept, or nothing. */
export interface CrawlBatch {
  /** New or changed; each replaces what is kept under its id, and its due time. A lease of it ends. */
  readonly nodes?: readonly NodeRecord[];
  /** Ids that are forgotten, with all that hangs on them. */
  readonly removed?: readonly Uint8Array[];
  readonly visits?: readonly Visit[];
  /** Whom a node named: replaces what it named before. */
  readonly neighbours?: readonly {
    readonly id: Uint8Array;
    readonly named: readonly Uint8Array[];
  }[];
  /** Replaces the session of the same start. */
  readonly session?: CrawlSession;
}

/** One run of the crawler, as far as it has come. Times are ms since the epoch. */
export interface CrawlSession {
  readonly startedAt: number;
  /** Absent while it runs, and for ever when it was killed. */
  readonly endedAt?: number;
  readonly visits: number;
  /** Nodes by the furthest step, `disconnect` and `error` at the last look: a rollup of the moment `at`. */
  readonly rollup: Rollup;
}

/** Counts over all nodes at one moment. */
export interface Rollup {
  readonly at: number;
  /** How many nodes got at least as far as each step. */
  readonly funnel: Readonly<Record<NodeRecord['status'], number>>;
  /** Nodes by the reason that they gave in their last visit. */
  readonly disconnects: Readonly<Record<string, number>>;
  /** Nodes by the error of their last visit. */
  readonly errors: Readonly<Record<string, number>>;
  /** Nodes that only others have named. */
  readonly gossiped: number;
  /** Nodes that have answered from where they are known to be. Those with a signed place that never answered are left. */
  readonly verified: number;
  /** Nodes that have answered at least once, in any visit: what shares are taken of. */
  readonly answered: number;
}

/** Where a crawl keeps what it finds. An adapter for `level` is in `store/`. */
export interface CrawlStore {
  /** All nodes, in no particular order, as they are while it is read. */
  nodes(): AsyncIterable<NodeRecord>;
  get(id: Uint8Array): Promise<NodeRecord | undefined>;
  /**
   * Up to `limit` nodes with `dueAt <= now`, those due longest first. Nobody gets them again until a batch with them is
   * committed, or the store is opened anew.
   */
  lease(now: number, limit: number): Promise<NodeRecord[]>;
  /** When the first node that is not leased will be due; `undefined` when there is none. */
  nextDue(): Promise<number | undefined>;
  /** Resolves when the batch would survive the end of this process. */
  commit(batch: CrawlBatch): Promise<void>;
  /** Of one node, newest first. */
  visits(id: Uint8Array): AsyncIterable<Visit>;
  neighbours(id: Uint8Array): Promise<Uint8Array[]>;
  /** Newest first. */
  sessions(): AsyncIterable<CrawlSession>;
  /** Rollups of all sessions, oldest first. */
  rollups(): AsyncIterable<Rollup>;
  /** Idempotent. */
  close(): Promise<void>;
}

import type { AddOutcome } from './gossip-pool.ts';

/** Counts of the exchange of transactions, of one peer or of all. They only rise. */
export interface TransactionStats {
  /** Hashes that were announced to us. */
  announced: number;
  /** Announced hashes that were to be fetched, within the limit of the peer. */
  wanted: number;
  /** Hashes that were requested. */
  requested: number;
  /** Transactions that were sent whole to us, unasked. */
  broadcast: number;
  /** Transactions in responses to our requests. */
  delivered: number;
  /** Received transactions by what the pool has done with them. */
  readonly outcomes: Record<AddOutcome, number>;
  /** Hashes that were announced by us. */
  sentHashes: number;
  /** Transactions that were sent whole by us, unasked. */
  sentWhole: number;
  /** Transactions in our responses. */
  served: number;
}

export function createStats(): TransactionStats {
  return {
    announced: 0,
    wanted: 0,
    requested: 0,
    broadcast: 0,
    delivered: 0,
    outcomes: { added: 0, known: 0, underpriced: 0, full: 0, refused: 0, invalid: 0 },
    sentHashes: 0,
    sentWhole: 0,
    served: 0,
  };
}

/** Numeric counts. */
export type Count = Exclude<keyof TransactionStats, 'outcomes'>;

/** Adds to a count of a peer and of all peers. */
export class PeerStats {
  readonly own: TransactionStats = createStats();
  readonly #all: TransactionStats;

  constructor(all: TransactionStats) {
    this.#all = all;
  }

  add(count: Count, amount: number): void {
    this.own[count] += amount;
    this.#all[count] += amount;
  }

  addOutcome(outcome: AddOutcome): void {
    this.own.outcomes[outcome]++;
    this.#all.outcomes[outcome]++;
  }
}

import type { DropReason, PoolErrorCode } from './interfaces.ts';

/** Numbers of transactions since the start, by what happened to them. */
export interface PoolCounters {
  readonly added: number;
  readonly refused: Readonly<Partial<Record<PoolErrorCode, number>>>;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Transactions of left blocks that were put in again. */
  readonly reinjected: number;
}

/** Counts what happens to transactions. */
export class PoolCounter implements PoolCounters {
  added = 0;
  reinjected = 0;
  readonly refused: Partial<Record<PoolErrorCode, number>> = {};
  readonly dropped: Partial<Record<DropReason, number>> = {};

  refuse(code: PoolErrorCode): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }

  drop(reason: DropReason): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
  }
}

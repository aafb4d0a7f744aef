/** Limits of the plain pool. */
export interface PlainLimits {
  /** Lowest tip of a transaction, in wei. @default 1 */
  readonly minTip: bigint;
  /** Percentage by which a transaction pays more than the one that it replaces. @default 10 */
  readonly priceBump: bigint;
  /** Executable transactions that each account is guaranteed. @default 16 */
  readonly accountPending: number;
  /** Executable transactions in all. @default 5120 */
  readonly totalPending: number;
  /** Other transactions of an account. @default 64 */
  readonly accountQueued: number;
  /** Other transactions in all. @default 1024 */
  readonly totalQueued: number;
  /** Time after which the queue of an idle account is dropped, in ms. @default 3 hours */
  readonly lifetime: number;
}

/** go-ethereum's `legacypool.DefaultConfig`. */
export const defaultPlainLimits: PlainLimits = {
  minTip: 1n,
  priceBump: 10n,
  accountPending: 16,
  totalPending: 5120,
  accountQueued: 64,
  totalQueued: 1024,
  lifetime: 3 * 60 * 60 * 1000,
};

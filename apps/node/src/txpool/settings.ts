import { type BlobLimits, defaultBlobLimits } from './blob/blob-pool.ts';
import { defaultPlainLimits, type PlainLimits } from './plain/plain-limits.ts';

/** Settings of the transaction pool. The defaults are those of go-ethereum. */
export interface TxpoolSettings {
  /** Lowest tip per unit of gas of a transaction, in wei. @default 1 */
  readonly minTip?: bigint | undefined;
  /** Percentage by which a transaction pays more than the one with its nonce that it replaces. @default 10 */
  readonly priceBump?: number | undefined;
  /** Executable transactions that each account is guaranteed. @default 16 */
  readonly accountPending?: number | undefined;
  /** Executable transactions in all. @default 5120 */
  readonly totalPending?: number | undefined;
  /** Transactions of each account that wait for an earlier nonce. @default 64 */
  readonly accountQueued?: number | undefined;
  /** Transactions that wait for an earlier nonce, in all. @default 1024 */
  readonly totalQueued?: number | undefined;
  /** Time after which such transactions of an idle account are dropped, in ms. @default 3 hours */
  readonly lifetime?: number | undefined;
  /** Bytes of the files of blob transactions. @default 2.5 GiB */
  readonly blobCapacity?: number | undefined;
  /** As `priceBump`, for blob transactions. @default 100 */
  readonly blobPriceBump?: number | undefined;
  /** Whether local transactions are written to a journal, so that they survive a restart. @default true */
  readonly journal?: boolean | undefined;
  /** Time after which the journal is written anew, in ms. @default 1 hour */
  readonly rejournal?: number | undefined;
}

/** @default of {@link TxpoolSettings.rejournal} */
export const defaultRejournal: number = 60 * 60 * 1000;

/** The limits that the settings name, and the default ones. */
export function plainLimitsOf(settings: TxpoolSettings): PlainLimits {
  const { minTip, priceBump, accountPending, totalPending, accountQueued, totalQueued, lifetime } = settings;
  const defaults = defaultPlainLimits;
  return {
    minTip: minTip ?? defaults.minTip,
    priceBump: priceBump === undefined ? defaults.priceBump : BigInt(priceBump),
    accountPending: accountPending ?? defaults.accountPending,
    totalPending: totalPending ?? defaults.totalPending,
    accountQueued: accountQueued ?? defaults.accountQueued,
    totalQueued: totalQueued ?? defaults.totalQueued,
    lifetime: lifetime ?? defaults.lifetime,
  };
}

export function blobLimitsOf({ blobCapacity, blobPriceBump }: TxpoolSettings): BlobLimits {
  return {
    ...defaultBlobLimits,
    capacity: blobCapacity ?? defaultBlobLimits.capacity,
    priceBump: blobPriceBump === undefined ? defaultBlobLimits.priceBump : BigInt(blobPriceBump),
  };
}

import { defaultPlainLimits, type PlainLimits } from './plain/plain-pool.ts';

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
}

/** The limits that the settings name, and the default ones. */
export function plainLimitsOf(settings: TxpoolSettings): PlainLimits {
  const { priceBump, ...limits } = settings;
  const named = Object.fromEntries(
    Object.entries(limits).filter(([name, value]) => name in defaultPlainLimits && value !== undefined),
  );
  return {
    ...defaultPlainLimits,
    ...named,
    ...(priceBump !== undefined && { priceBump: BigInt(priceBump) }),
  };
}

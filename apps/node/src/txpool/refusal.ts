import type { PoolErrorCode } from './interfaces.ts';

/** The reason why a transaction is not added. */
export interface Refusal {
  readonly code: PoolErrorCode;
  /** Begins with the words that go-ethereum uses for the rule, which wallets search for. */
  readonly reason: string;
}

export function refusal(code: PoolErrorCode, reason: string): Refusal {
  return { code, reason };
}

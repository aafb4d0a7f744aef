import type { Header } from '@devp2p/eth';
import { type ForkRules, forkRules } from '../execution/block/fork-rules.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { type TransactionLimits, transactionLimits } from '../validation/transaction.ts';

/** The rules of the block after the head, by which transactions are judged. */
export interface NextRules {
  readonly chainId: bigint;
  readonly limits: TransactionLimits;
  readonly rules: ForkRules;
  /** Version of the sidecars of blob transactions (EIP-7594). */
  readonly sidecarVersion: 0 | 1;
}

/**
 * The rules of the next block.
 *
 * @param time in seconds: the next block is not expected to be earlier
 */
export function nextRules(
  config: ChainConfig,
  { number, timestamp, gasLimit, difficulty }: Pick<Header, 'number' | 'timestamp' | 'gasLimit' | 'difficulty'>,
  time: number,
): NextRules {
  const next = { number: number + 1, timestamp: Math.max(timestamp + 1, time), gasLimit, difficulty };
  const rules = forkRules(config, next);
  return {
    chainId: config.chainId,
    limits: transactionLimits(config, next),
    rules,
    sidecarVersion: rules.osaka ? 1 : 0,
  };
}

/** Whether a transaction that keeps one set of rules may break the other one. */
export function isOtherFork(one: NextRules, other: NextRules): boolean {
  const [a, b] = [one.rules, other.rules];
  return (Object.keys(a) as (keyof ForkRules)[]).some((fork) => a[fork] !== b[fork]);
}

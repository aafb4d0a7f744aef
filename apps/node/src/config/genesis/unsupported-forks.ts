import type { Header } from '@devp2p/eth';
import { BlockError, ChainError } from '../../errors/chain-error.ts';
import { type ChainConfig, isScheduled, type TimeFork, unsupportedForks } from '../../validation/chain-config.ts';
import type { Genesis } from './genesis.ts';

const advice = 'the rules of that fork are not implemented in this version; use a version that supports it';

/** The first unsupported fork that is active at a block; without a number, the block counts as after London. */
function unsupportedFork(
  { forks }: ChainConfig,
  { timestamp, number = Number(forks.london) }: { timestamp: number; number?: number },
): TimeFork | undefined {
  if (!isScheduled(forks.london) || number < forks.london) return undefined;
  return unsupportedForks.find((fork) => timestamp >= forks[fork]);
}

/**
 * Refuses a block of an unsupported fork.
 *
 * @throws BlockError `unsupported-fork`
 */
export function checkForkSupported(config: ChainConfig, block: Header): void {
  const fork = unsupportedFork(config, block);
  if (fork === undefined) return;
  const { timestamp, number } = block;
  const reason = `its time, ${timestamp}, is not before ${fork}Time, ${config.forks[fork]}: ${advice}`;
  throw new BlockError('unsupported-fork', number, reason);
}

/**
 * Refuses a chain that has reached an unsupported fork.
 *
 * @param head the last block, or the time of the clock in seconds
 * @throws ChainError `unsupported-fork`
 */
export function checkChainSupported({ config, source }: Genesis, head: { timestamp: number; number?: number }): void {
  const fork = unsupportedFork(config, head);
  if (fork === undefined) return;
  const reason = `${fork}Time is ${config.forks[fork]}, which has come: ${advice}`;
  throw new ChainError('unsupported-fork', `${source}: ${reason}`);
}

import type { Header } from '@devp2p/eth';
import { type ChainConfig, isScheduled, type TimeFork, unsupportedForks } from './chain-config.ts';
import { BlockError, ChainError } from './error.ts';
import type { Genesis } from './genesis.ts';

const advice = 'this version does not know the rules of that fork; use a version that does';

/** The first unsupported fork that has begun at a time, in seconds, on a chain beyond London. */
function unsupportedFork({ forks }: ChainConfig, time: number): TimeFork | undefined {
  return unsupportedForks.find((fork) => time >= forks[fork]);
}

/**
 * Refuses a block of a fork whose rules are not known here.
 *
 * @throws BlockError `unsupported-fork`
 */
export function checkForkSupported(config: ChainConfig, { number, timestamp }: Header): void {
  const fork = number < config.forks.london ? undefined : unsupportedFork(config, timestamp);
  if (fork === undefined) return;
  const reason = `its time, ${timestamp}, is not before ${fork}Time, ${config.forks[fork]}: ${advice}`;
  throw new BlockError('unsupported-fork', number, reason);
}

/**
 * Refuses a chain that has come to a fork whose rules are not known here.
 *
 * @param now seconds since the epoch
 * @throws ChainError `unsupported-fork`
 */
export function checkChainSupported({ config, source }: Genesis, now: number): void {
  if (!isScheduled(config.forks.london)) return;
  const fork = unsupportedFork(config, now);
  if (fork === undefined) return;
  const reason = `${fork}Time is ${config.forks[fork]}, which has come: ${advice}`;
  throw new ChainError('unsupported-fork', `${source}: ${reason}`);
}

import type { Header } from '@devp2p/eth';
import type { BlockFork, ChainConfig, TimeFork } from '../../validation/chain-config.ts';

/** The rules in force in a block: whether it is of a fork or a later one. */
export interface ForkRules {
  readonly homestead: boolean;
  readonly eip155: boolean;
  readonly eip158: boolean;
  readonly byzantium: boolean;
  readonly constantinople: boolean;
  readonly istanbul: boolean;
  readonly berlin: boolean;
  readonly london: boolean;
  /** Proof of stake. */
  readonly merge: boolean;
  readonly shanghai: boolean;
  readonly cancun: boolean;
  readonly prague: boolean;
  readonly osaka: boolean;
  readonly amsterdam: boolean;
}

/** The rules of a block. Forks by time apply to proof-of-stake blocks only, as in go-ethereum. */
export function forkRules(
  { forks }: ChainConfig,
  { number, timestamp, difficulty }: Pick<Header, 'number' | 'timestamp' | 'difficulty'>,
): ForkRules {
  const london = number >= forks.london;
  const merge = london && difficulty === 0n;
  const from = (fork: BlockFork): boolean => number >= forks[fork];
  const since = (fork: TimeFork): boolean => merge && timestamp >= forks[fork];
  return {
    homestead: from('homestead'),
    eip155: from('eip155'),
    eip158: from('eip158'),
    byzantium: from('byzantium'),
    constantinople: from('constantinople'),
    istanbul: from('istanbul'),
    berlin: from('berlin'),
    london,
    merge,
    shanghai: since('shanghai'),
    cancun: since('cancun'),
    prague: since('prague'),
    osaka: since('osaka'),
    amsterdam: since('amsterdam'),
  };
}

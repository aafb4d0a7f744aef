import { toHex } from '@devp2p/bytes';
import { blobForks, blockForks, type ChainConfig, isScheduled, timeForks } from '../../validation/chain-config.ts';

/** The fork rules in the form of a genesis.json's `config`; integers above 2^53 - 1 are `bigint`s. */
export function configJson(config: ChainConfig): Readonly<Record<string, unknown>> {
  const { forks, clique, terminalTotalDifficulty } = config;
  const scheduled = [
    ...blockForks.map((name) => [`${name}Block`, forks[name]] as const),
    ...timeForks.map((name) => [`${name}Time`, forks[name]] as const),
  ].filter(([, point]) => isScheduled(point));
  // The schedule has an entry for each scheduled fork, the latest first.
  const blobs = blobForks.filter((name) => isScheduled(forks[name]));
  const schedule = config.blobSchedule.map(({ from: _, ...parameters }, i) => [blobs.at(-1 - i), parameters] as const);
  return {
    chainId: config.chainId,
    ...Object.fromEntries(scheduled),
    ...(config.daoForkSupport && { daoForkSupport: true }),
    ...(terminalTotalDifficulty !== undefined && { terminalTotalDifficulty }),
    depositContractAddress: `0x${toHex(config.depositContract)}`,
    ...(config.ethash && { ethash: {} }),
    ...(clique && { clique }),
    ...(schedule.length > 0 && { blobSchedule: Object.fromEntries(schedule.reverse()) }),
  };
}

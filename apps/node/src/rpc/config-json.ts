import { toHex } from '@devp2p/enr';
import { blobForks, blockForks, type ChainConfig, timeForks } from '../chain/chain-config.ts';

/**
 * The fork rules in the form of a genesis.json's `config`, as `admin_nodeInfo` shows them. Numbers above 2 ** 53 - 1
 * are rounded, as any JavaScript reader of JSON would.
 */
export function configJson(config: ChainConfig): Readonly<Record<string, unknown>> {
  const { forks, clique, terminalTotalDifficulty: ttd } = config;
  const scheduled = [
    ...blockForks.map((name) => [`${name}Block`, forks[name]] as const),
    ...timeForks.map((name) => [`${name}Time`, forks[name]] as const),
  ].filter(([, point]) => Number.isFinite(point));
  // The schedule has an entry for each scheduled fork, the latest first.
  const blobs = blobForks.filter((name) => Number.isFinite(forks[name]));
  const schedule = config.blobSchedule.map(({ target, max, baseFeeUpdateFraction }, i) => [
    blobs.at(-1 - i),
    { target, max, baseFeeUpdateFraction: Number(baseFeeUpdateFraction) },
  ]);
  return {
    chainId: Number(config.chainId),
    ...Object.fromEntries(scheduled),
    ...(config.daoForkSupport && { daoForkSupport: true }),
    ...(ttd !== undefined && { terminalTotalDifficulty: Number(ttd) }),
    depositContractAddress: `0x${toHex(config.depositContract)}`,
    ...(config.ethash && { ethash: {} }),
    ...(clique && { clique }),
    ...(schedule.length > 0 && { blobSchedule: Object.fromEntries(schedule.reverse()) }),
  };
}

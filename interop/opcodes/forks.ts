import { chainConfig } from '../../apps/node/src/config/genesis/genesis.ts';
import { parseConfigJson } from '../../apps/node/src/config/genesis/genesis-json.ts';
import type { ChainConfig } from '../../apps/node/src/validation/chain-config.ts';

/** Fields that a fork adds to the `config` of a genesis file, in the order of the forks. */
const additions = {
  frontier: {},
  homestead: { homesteadBlock: 0 },
  tangerineWhistle: { eip150Block: 0 },
  spuriousDragon: { eip155Block: 0, eip158Block: 0 },
  byzantium: { byzantiumBlock: 0 },
  // Petersburg comes with Constantinople unless it is scheduled for a later block.
  constantinople: { constantinopleBlock: 0, petersburgBlock: 1_000_000_000 },
  petersburg: { petersburgBlock: 0 },
  istanbul: { istanbulBlock: 0 },
  muirGlacier: { muirGlacierBlock: 0 },
  berlin: { berlinBlock: 0 },
  london: { londonBlock: 0 },
  arrowGlacier: { arrowGlacierBlock: 0 },
  grayGlacier: { grayGlacierBlock: 0 },
  paris: { terminalTotalDifficulty: 0 },
  shanghai: { shanghaiTime: 0 },
  cancun: { cancunTime: 0 },
  prague: { pragueTime: 0 },
  osaka: { osakaTime: 0 },
  bpo1: { bpo1Time: 0 },
  bpo2: { bpo2Time: 0 },
  amsterdam: { amsterdamTime: 0 },
} as const;

export type Fork = keyof typeof additions;

export const forks: readonly Fork[] = Object.keys(additions) as Fork[];

/** The blob parameters of mainnet: EIP-7840, EIP-7892. */
const blobSchedule = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
};

/** The `config` of a genesis file whose chain has a fork and all before it from its first block on. */
export function configJson(fork: Fork): Readonly<Record<string, unknown>> {
  let config: Record<string, unknown> = { chainId: 1, blobSchedule };
  for (const name of forks.slice(0, forks.indexOf(fork) + 1)) config = { ...config, ...additions[name] };
  return config;
}

/** The same configuration as the node reads it. */
export function configOf(fork: Fork): ChainConfig {
  return chainConfig(parseConfigJson(JSON.stringify(configJson(fork))));
}

export function isAtLeast(fork: Fork, other: Fork): boolean {
  return forks.indexOf(fork) >= forks.indexOf(other);
}

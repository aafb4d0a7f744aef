import { type ChainConfig, type ForkPoint, isScheduled } from '../../validation/chain-config.ts';

/**
 * Forks in the order in which their rules add up, under the names that `@ethereumjs/common` has for them. Some change
 * nothing in the EVM.
 */
export const forkNames = [
  'chainstart',
  'homestead',
  'dao',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'amsterdam',
  'bpo3',
  'bpo4',
  'bpo5',
] as const;

export type ForkName = (typeof forkNames)[number];

/** The fields of a header that decide on its fork. */
export interface ForkFields {
  readonly number: number;
  /** In seconds. */
  readonly timestamp: number;
  /** 0 for a block of proof of stake. */
  readonly difficulty: bigint;
}

/** Whether a fork is the same as another one, or a later one. */
export function isAtLeast(fork: ForkName, other: ForkName): boolean {
  return forkNames.indexOf(fork) >= forkNames.indexOf(other);
}

/**
 * The latest fork whose rules a block has. Forks by time are for blocks of proof of stake only, and Petersburg comes
 * with Constantinople when it is not scheduled, as in go-ethereum.
 */
export function forkOf({ forks }: ChainConfig, { number, timestamp, difficulty }: ForkFields): ForkName {
  const isMerged = number >= forks.london && difficulty === 0n;
  const at = (point: ForkPoint): boolean => number >= point;
  const since = (point: ForkPoint): boolean => isMerged && timestamp >= point;
  const isActive: Readonly<Record<ForkName, boolean>> = {
    chainstart: true,
    homestead: at(forks.homestead),
    dao: at(forks.daoFork),
    tangerineWhistle: at(forks.eip150),
    spuriousDragon: at(forks.eip158),
    byzantium: at(forks.byzantium),
    constantinople: at(forks.constantinople),
    petersburg: at(isScheduled(forks.petersburg) ? forks.petersburg : forks.constantinople),
    istanbul: at(forks.istanbul),
    muirGlacier: at(forks.muirGlacier),
    berlin: at(forks.berlin),
    london: at(forks.london),
    arrowGlacier: at(forks.arrowGlacier),
    grayGlacier: at(forks.grayGlacier),
    paris: isMerged,
    shanghai: since(forks.shanghai),
    cancun: since(forks.cancun),
    prague: since(forks.prague),
    osaka: since(forks.osaka),
    bpo1: since(forks.bpo1),
    bpo2: since(forks.bpo2),
    amsterdam: since(forks.amsterdam),
    bpo3: since(forks.bpo3),
    bpo4: since(forks.bpo4),
    bpo5: since(forks.bpo5),
  };
  return forkNames.findLast((name) => isActive[name]) ?? 'chainstart';
}

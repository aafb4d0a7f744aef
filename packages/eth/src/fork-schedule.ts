import { integer, uint } from '@devp2p/options';
import { checkOption } from './check.ts';
import type { ForkSchedule } from './fork-id.ts';

/** Forks that begin at a block number, in the order in which they may be scheduled. */
export const blockForks = [
  'homestead',
  'daoFork',
  'eip150',
  'eip155',
  'eip158',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'mergeNetsplit',
] as const;

/** Forks that begin at a timestamp, in the order in which they may be scheduled. */
export const timeForks = [
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'ubt',
  'bpo1',
  'bpo2',
  'amsterdam',
  'bogota',
  'bpo3',
  'bpo4',
  'bpo5',
] as const;

/** The part of a genesis.json, parsed as JSON, that the fork schedule depends on. */
export interface GenesisForks {
  /** Forks by name: `londonBlock`, `shanghaiTime`. `null` is an absent fork; other fields are ignored. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Time of the genesis block in seconds, a number or decimal or 0x-prefixed hex text. @default 0 */
  readonly timestamp?: number | string | undefined;
}

/**
 * Reads the fork schedule of a chain from its genesis.json.
 *
 * @example
 * const forks = forkSchedule(JSON.parse(readFileSync('genesis.json', 'utf8')));
 * @throws EthError `invalid-option` for a fork whose block or time is not an integer
 */
export function forkSchedule(genesis: GenesisForks): ForkSchedule {
  checkOption.value('genesis', genesis, { expected: 'an object', fits: isObject });
  checkOption.value('genesis.config', genesis.config, { expected: 'an object', fits: isObject });
  const points = (names: readonly string[], kind: 'Block' | 'Time'): (number | bigint)[] =>
    names.flatMap((name): (number | bigint)[] => {
      const point = genesis.config[`${name}${kind}`] ?? undefined;
      if (point === undefined) return [];
      if (typeof point === 'number' && integer(0).fits(point)) return [point];
      if (typeof point === 'bigint' && uint(64).fits(point)) return [point];
      return checkOption.fail(`genesis.config.${name}${kind}`, point, 'an integer of at least 0');
    });
  return {
    blocks: points(blockForks, 'Block'),
    times: points(timeForks, 'Time'),
    genesisTime: timeOf(genesis.timestamp ?? 0),
  };
}

function timeOf(timestamp: unknown): number {
  const time = typeof timestamp === 'string' ? Number(timestamp) : timestamp;
  if (typeof time === 'number' && integer(0).fits(time)) return time;
  return checkOption.fail('genesis.timestamp', timestamp, 'an integer of at least 0');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

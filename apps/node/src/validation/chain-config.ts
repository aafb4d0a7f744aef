import type { ForkSchedule } from '@devp2p/eth';

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

/** Forks whose names and times are known, but not their rules: a chain is not followed into them. */
export const unsupportedForks: readonly TimeFork[] = ['ubt', 'bogota'];

/**
 * The forks with blob parameters of their own; between them the latest hold on (EIP-7892). An entry for another fork in
 * a `blobSchedule` is ignored, as go-ethereum does.
 */
export const blobForks = ['cancun', 'prague', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'] as const;

export type BlockFork = (typeof blockForks)[number];
export type TimeFork = (typeof timeForks)[number];
export type BlobFork = (typeof blobForks)[number];

/** A block number, or a time in seconds since the epoch; a `bigint` beyond 2^53 - 1. */
export type ForkPoint = number | bigint;

/** Where each fork begins; `Infinity` for those that are not scheduled. */
export type Forks = Readonly<Record<BlockFork | TimeFork, ForkPoint>>;

/** How many blobs blocks may carry from some time on (EIP-7840, EIP-7892). */
export interface BlobParameters {
  readonly target: number;
  readonly max: number;
  readonly baseFeeUpdateFraction: bigint;
}

/** The rules of a chain: what the `config` of a genesis.json says. */
export interface ChainConfig {
  readonly chainId: bigint;
  readonly forks: Forks;
  /** Whether blocks from the DAO fork on carry its mark (`true`) or must not. */
  readonly daoForkSupport: boolean;
  /** The total difficulty after which blocks are made by proof of stake; absent: never. */
  readonly terminalTotalDifficulty?: bigint | undefined;
  /** The contract whose logs are deposit requests (EIP-6110). */
  readonly depositContract: Uint8Array;
  /** Proof of authority before the merge; seconds between blocks, and blocks between checkpoints. */
  readonly clique?: { readonly period: number; readonly epoch: number } | undefined;
  /** Whether the genesis names proof of work, which decides nothing: what is not clique is that. */
  readonly ethash: boolean;
  /** Blob parameters with the time from which they hold, the latest first. */
  readonly blobSchedule: readonly (BlobParameters & { readonly from: ForkPoint })[];
}

/** The blob parameters in force at a time; `undefined` before Cancun. */
export function blobParameters(config: ChainConfig, time: number): BlobParameters | undefined {
  for (const entry of config.blobSchedule) {
    if (time >= entry.from) return entry;
  }
  return undefined;
}

/** Whether a fork with this point is part of the schedule. */
export function isScheduled(point: ForkPoint): boolean {
  return point !== Number.POSITIVE_INFINITY;
}

/** What a fork id is made of (EIP-2124, EIP-6122). */
export function forkSchedule(config: ChainConfig, genesisTime: number): ForkSchedule {
  const points = (names: readonly (BlockFork | TimeFork)[]): ForkPoint[] =>
    names.map((name) => config.forks[name]).filter(isScheduled);
  return { blocks: points(blockForks), times: points(timeForks), genesisTime };
}

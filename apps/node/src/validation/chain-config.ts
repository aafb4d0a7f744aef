import { blockForks, type ForkSchedule, timeForks } from '@devp2p/eth';

export { blockForks, timeForks };

/** Forks with known names and times, but unknown rules: their blocks are refused. */
export const unsupportedForks: readonly TimeFork[] = ['ubt', 'bogota'];

/**
 * The forks that have blob parameters, which apply until the next of these forks (EIP-7892). An entry for another fork
 * in a `blobSchedule` is ignored, as in go-ethereum.
 */
export const blobForks = ['cancun', 'prague', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'] as const;

export type BlockFork = (typeof blockForks)[number];
export type TimeFork = (typeof timeForks)[number];
export type BlobFork = (typeof blobForks)[number];

/** A block number, or a time in seconds since the epoch; a `bigint` beyond 2^53 - 1. */
export type ForkPoint = number | bigint;

/** The first block or time of each fork; `Infinity` for a fork that is not scheduled. */
export type Forks = Readonly<Record<BlockFork | TimeFork, ForkPoint>>;

/** Limits of the number of blobs in a block (EIP-7840, EIP-7892). */
export interface BlobParameters {
  readonly target: number;
  readonly max: number;
  readonly baseFeeUpdateFraction: bigint;
}

/** The rules of a chain: the `config` of a genesis.json. */
export interface ChainConfig {
  readonly chainId: bigint;
  readonly forks: Forks;
  /** Whether blocks from the DAO fork on must have its extra data (`true`) or must not. */
  readonly daoForkSupport: boolean;
  /** The total difficulty after which blocks are proof-of-stake blocks. @default never */
  readonly terminalTotalDifficulty?: bigint | undefined;
  /** The contract whose logs are deposit requests (EIP-6110). */
  readonly depositContract: Uint8Array;
  /** Proof of authority before the merge: seconds between blocks, and blocks between checkpoints. */
  readonly clique?: { readonly period: number; readonly epoch: number } | undefined;
  /** Whether the genesis names proof of work; without effect, since it is the default. */
  readonly ethash: boolean;
  /** Blob parameters with the time from which they apply, the latest first. */
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

/** The forks that a fork id depends on (EIP-2124, EIP-6122). */
export function forkSchedule(config: ChainConfig, genesisTime: number): ForkSchedule {
  const points = (names: readonly (BlockFork | TimeFork)[]): ForkPoint[] =>
    names.map((name) => config.forks[name]).filter(isScheduled);
  return { blocks: points(blockForks), times: points(timeForks), genesisTime };
}

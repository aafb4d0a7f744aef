import { equalBytes, toHex } from '@devp2p/bytes';
import type { StoredConfig } from '../storage/config-record.ts';
import {
  type BlobFork,
  type BlobParameters,
  blobForks,
  blockForks,
  type ChainConfig,
  type ForkPoint,
  isScheduled,
  timeForks,
} from '../validation/chain-config.ts';

/** The position of a chain. */
export interface ChainPosition {
  readonly number: number;
  readonly timestamp: number;
  /** Sum of all difficulties up to the parent of the last block. */
  readonly parentTotalDifficulty: bigint;
  /** Of the genesis block. */
  readonly genesisDifficulty: bigint;
}

/** A rule by which stored blocks were checked, and which differs in a given schedule. */
export interface ScheduleConflict {
  /** As in the `config` of a genesis.json. */
  readonly field: string;
  readonly stored: string;
  readonly given: string;
}

/**
 * The first change of a schedule that affects stored blocks; `undefined` for none. Forks after the last block may be
 * added, moved and removed.
 */
export function findScheduleConflict(
  stored: StoredConfig,
  given: ChainConfig,
  position: ChainPosition,
): ScheduleConflict | undefined {
  // The genesis block is the same: the database was checked for it.
  if (position.number === 0) return undefined;
  return (
    forkConflict(stored, given, position) ??
    unknownForkConflict(stored, position) ??
    ruleConflict(stored, given, position)
  );
}

/** Whether a fork is active at the last block. */
function hasPassed(
  { forks }: ChainConfig,
  kind: 'Block' | 'Time',
  point: ForkPoint,
  { number, timestamp }: ChainPosition,
): boolean {
  return kind === 'Block' ? number >= point : number >= forks.london && timestamp >= point;
}

function forkConflict(stored: ChainConfig, given: ChainConfig, position: ChainPosition): ScheduleConflict | undefined {
  const all = [
    ...blockForks.map((name) => ({ name, kind: 'Block' }) as const),
    ...timeForks.map((name) => ({ name, kind: 'Time' }) as const),
  ];
  for (const { name, kind } of all) {
    const [before, after] = [pointOf(stored, name), pointOf(given, name)];
    if (before === after) continue;
    if (hasPassed(stored, kind, before, position) || hasPassed(given, kind, after, position)) {
      return { field: `${name}${kind}`, stored: shownPoint(before), given: shownPoint(after) };
    }
  }
  return undefined;
}

function pointOf({ forks }: ChainConfig, name: keyof ChainConfig['forks']): ForkPoint {
  // By default Petersburg begins with Constantinople, as in go-ethereum.
  if (name === 'petersburg' && !isScheduled(forks.petersburg)) return forks.constantinople;
  return forks[name];
}

function shownPoint(point: ForkPoint): string {
  return isScheduled(point) ? String(point) : 'not set';
}

function unknownForkConflict(stored: StoredConfig, position: ChainPosition): ScheduleConflict | undefined {
  const passed = stored.unknownForks.find((fork) => hasPassed(stored, fork.kind, fork.point, position));
  if (passed === undefined) return undefined;
  const { name, kind, point } = passed;
  return { field: `${name}${kind}`, stored: String(point), given: 'unknown to this version' };
}

/** Compares rules other than forks, each from the fork on at which it takes effect. */
function ruleConflict(stored: ChainConfig, given: ChainConfig, position: ChainPosition): ScheduleConflict | undefined {
  const has = (kind: 'Block' | 'Time', point: ForkPoint): boolean => hasPassed(stored, kind, point, position);
  const { forks } = stored;
  const rules: [field: string, decides: boolean, stored: string, given: string][] = [
    ['chainId', has('Block', forks.eip155), `${stored.chainId}`, `${given.chainId}`],
    ['daoForkSupport', has('Block', forks.daoFork), `${stored.daoForkSupport}`, `${given.daoForkSupport}`],
    [
      'terminalTotalDifficulty',
      hasMerged(stored, position) || hasMerged(given, position),
      shownDifficulty(stored),
      shownDifficulty(given),
    ],
    ['clique', hasWork(stored, position), shownClique(stored), shownClique(given)],
    [
      'depositContractAddress',
      has('Time', forks.prague) && !equalBytes(stored.depositContract, given.depositContract),
      `0x${toHex(stored.depositContract)}`,
      `0x${toHex(given.depositContract)}`,
    ],
    ...blobForks.map((fork): [string, boolean, string, string] => [
      `blobSchedule.${fork}`,
      has('Time', forks[fork]),
      shownBlobs(blobsOf(stored, fork)),
      shownBlobs(blobsOf(given, fork)),
    ]),
  ];
  for (const [field, decides, before, after] of rules) {
    if (decides && before !== after) return { field, stored: before, given: after };
  }
  return undefined;
}

/** Whether the last block is a proof-of-stake block. */
function hasMerged(
  { terminalTotalDifficulty: terminal }: ChainConfig,
  { parentTotalDifficulty }: ChainPosition,
): boolean {
  return terminal !== undefined && parentTotalDifficulty >= terminal;
}

/** Whether the first block after the genesis is a proof-of-work or proof-of-authority block. */
function hasWork({ terminalTotalDifficulty: terminal }: ChainConfig, { genesisDifficulty }: ChainPosition): boolean {
  return terminal === undefined || genesisDifficulty < terminal;
}

function shownDifficulty({ terminalTotalDifficulty }: ChainConfig): string {
  return terminalTotalDifficulty === undefined ? 'not set' : String(terminalTotalDifficulty);
}

function shownClique({ clique }: ChainConfig): string {
  return clique === undefined ? 'not set' : `period ${clique.period}, epoch ${clique.epoch}`;
}

function blobsOf({ blobSchedule, forks }: ChainConfig, fork: BlobFork): BlobParameters | undefined {
  const scheduled = blobForks.filter((name) => isScheduled(forks[name]));
  const index = scheduled.indexOf(fork);
  return index === -1 ? undefined : blobSchedule.at(-1 - index);
}

function shownBlobs(blobs: BlobParameters | undefined): string {
  if (blobs === undefined) return 'not set';
  const { target, max, baseFeeUpdateFraction } = blobs;
  return `target ${target}, max ${max}, baseFeeUpdateFraction ${baseFeeUpdateFraction}`;
}

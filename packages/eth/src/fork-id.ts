import * as rule from '@devp2p/options';
import { bigint, bytes, type Codec, map, struct } from '@devp2p/rlp';
import { checkOption } from './check.ts';
import { showFields } from './types/show-fields.ts';

/**
 * Forks of a chain. Order and repetition do not matter; forks that are active at the genesis block may be included.
 * Values above 2^53 - 1, up to 64 bits, are `bigint`s.
 */
export interface ForkSchedule {
  /** Numbers of the blocks at which forks become active. */
  readonly blocks: readonly (number | bigint)[];
  /** Timestamps in seconds at which forks become active. */
  readonly times: readonly (number | bigint)[];
  /** Timestamp of the genesis block in seconds: forks up to it belong to the genesis. @default 0 */
  readonly genesisTime?: number;
}

/** Block that decides which forks have passed. */
export interface ForkHead {
  readonly number: number;
  /** Seconds. */
  readonly time: number;
}

/** Identifier of the forks of a node, in Status and in node records (EIP-2124). */
export interface ForkId {
  /** CRC-32 of the genesis hash and all forks that have passed, as an unsigned number of 32 bits. */
  readonly hash: number;
  /** Block number or timestamp of the next known fork; 0 for none. */
  readonly next: bigint;
}

/**
 * Why two nodes cannot follow one chain: `remote-stale` when the remote lacks a fork that has passed here,
 * `incompatible-or-stale` when it follows other forks, or forks that this node lacks.
 */
export type ForkIdProblem = 'remote-stale' | 'incompatible-or-stale';

/** Formats a fork id: `07c9462e, next 1767747671`. */
export function formatForkId({ hash, next }: ForkId): string {
  return `${hash.toString(16).padStart(8, '0')}, next ${next}`;
}

const checksum: Codec<number> = map(
  bytes(4),
  (value) => new DataView(value.buffer, value.byteOffset, 4).getUint32(0),
  (value) => {
    const result = new Uint8Array(4);
    new DataView(result.buffer).setUint32(0, value);
    return result;
  },
);

/** `[hash: 4 bytes, next: uint64]` */
export const forkIdCodec: Codec<ForkId> = struct({ hash: checksum, next: bigint(64) });

const forkRule: rule.Rule = {
  expected: 'an integer of at least 0, or a bigint of 64 bits',
  fits: (value) => rule.integer(0).fits(value) || rule.uint(64).fits(value),
};
const genesisHashRule = rule.bytes(32);
const genesisTimeRule = { genesisTime: rule.integer(0) };
const headRules: rule.Rules<ForkHead> = {
  number: rule.required(rule.integer(0)),
  time: rule.required(rule.integer(0)),
};
const forkIdRules: rule.Rules<ForkId> = {
  hash: rule.required(rule.integer(0, 2 ** 32 - 1)),
  next: rule.required(rule.uint(64)),
};

/** @throws EthError `invalid-option` */
export function checkForks(name: string, forks: ForkSchedule): void {
  checkOption.fields(name, forks, genesisTimeRule);
  checkOption.elements(`${name}.blocks`, forks.blocks, forkRule);
  checkOption.elements(`${name}.times`, forks.times, forkRule);
}

/**
 * Computes the fork id of a node with its head at `head`.
 *
 * @param genesisHash 32 bytes
 * @throws EthError `invalid-option`
 */
export function forkId(genesisHash: Uint8Array, schedule: ForkSchedule, head: ForkHead): ForkId {
  const { forks, sums, passed } = history(genesisHash, schedule, head);
  return showFields({ hash: sums[passed] as number, next: forks[passed] ?? 0n });
}

/**
 * Checks whether a remote node's fork id is compatible with this chain, by the rules of EIP-2124 with the timestamps of
 * EIP-6122.
 *
 * @param genesisHash 32 bytes
 * @throws EthError `invalid-option`
 */
export function checkForkId(
  genesisHash: Uint8Array,
  schedule: ForkSchedule,
  head: ForkHead,
  remote: ForkId,
): ForkIdProblem | undefined {
  const { forks, sums, passed, blocks } = history(genesisHash, schedule, head);
  checkOption.fields('remote', remote, forkIdRules);
  const at = sums.indexOf(remote.hash);
  if (at === -1) return 'incompatible-or-stale';
  // The remote has passed forks that are still ahead here.
  if (at > passed) return undefined;
  // The remote has passed fewer forks: it must have the next one in its schedule.
  if (at < passed) {
    return remote.next === forks[at] ? undefined : 'remote-stale';
  }
  // Same forks. The next fork of the remote must not have passed here.
  if (remote.next === 0n) return undefined;
  const countsBlocks = passed < blocks || forks.length === blocks;
  const position = BigInt(countsBlocks ? head.number : head.time);
  const passedByTime = remote.next > mainnetGenesisTime && remote.next <= BigInt(head.time);
  return remote.next <= position || passedByTime ? 'incompatible-or-stale' : undefined;
}

/** Above all block numbers and below all timestamps: decides which of the two a remote's next fork is. */
const mainnetGenesisTime = 1_438_269_973n;

interface History {
  /** Block forks, then timestamp forks. */
  readonly forks: readonly bigint[];
  /** Number of block forks. */
  readonly blocks: number;
  /** Checksums after the first i forks; one more than forks. */
  readonly sums: readonly number[];
  /** Number of forks that the head has passed. */
  readonly passed: number;
}

function history(genesisHash: Uint8Array, schedule: ForkSchedule, head: ForkHead): History {
  checkOption.value('genesisHash', genesisHash, genesisHashRule);
  checkForks('schedule', schedule);
  checkOption.fields('head', head, headRules);
  const blocks = distinct(schedule.blocks, 0);
  const times = distinct(schedule.times, schedule.genesisTime ?? 0);
  const forks = [...blocks, ...times];
  let sum = crc32(genesisHash);
  const sums = [sum];
  for (const fork of forks) {
    const encoded = new Uint8Array(8);
    new DataView(encoded.buffer).setBigUint64(0, fork);
    sum = crc32(encoded, sum);
    sums.push(sum);
  }
  const next = forks.findIndex((fork, index) => fork > (index < blocks.length ? head.number : head.time));
  return { forks, blocks: blocks.length, sums, passed: next === -1 ? forks.length : next };
}

/** Distinct forks after the genesis, in ascending order. */
function distinct(forks: readonly (number | bigint)[], genesis: number): bigint[] {
  const points = new Set(forks.map(BigInt));
  return [...points].filter((point) => point > genesis).sort((a, b) => (a < b ? -1 : 1));
}

/** IEEE CRC-32. `seed` is the checksum of the preceding bytes. */
function crc32(data: Uint8Array, seed = 0): number {
  let sum = ~seed;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

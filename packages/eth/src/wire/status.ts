import { EthError } from '../error.ts';
import { checkForkId, forkId, formatForkId } from '../forkid.ts';
import { hex } from '../peer/info.ts';
import { sameBytes } from '../same-bytes.ts';
import type { Chain, ChainRange } from '../server/chain.ts';
import type { BlockRange, Status } from './messages.ts';

/** What we say first. */
export function localStatus(chain: Chain, range: ChainRange, version: number): Status {
  const head = { number: range.latest, time: range.latestTime };
  const status = {
    version,
    networkId: chain.networkId,
    genesisHash: chain.genesisHash,
    forkId: forkId(chain.genesisHash, chain.forks, head),
    latestHash: range.latestHash,
  };
  return version < 69
    ? { ...status, totalDifficulty: range.totalDifficulty }
    : { ...status, earliest: range.earliest, latest: range.latest };
}

/**
 * Whether the remote is on our chain.
 *
 * @throws EthError `network-mismatch`, `version-mismatch`, `genesis-mismatch`, `fork-mismatch` or `invalid-range`, the
 *   first that applies.
 */
export function checkStatus(
  remote: Status,
  chain: Chain,
  range: ChainRange,
  version: number,
): void {
  if (remote.networkId !== chain.networkId) {
    const [theirs, ours] = [remote.networkId, chain.networkId];
    throw new EthError('network-mismatch', `the remote is on network ${theirs}, ours is ${ours}`, {
      mismatch: { of: 'network', ours, theirs },
    });
  }
  if (remote.version !== version) {
    throw new EthError('version-mismatch', `status of eth/${remote.version} on eth/${version}`);
  }
  if (!sameBytes(remote.genesisHash, chain.genesisHash)) {
    const [theirs, ours] = [remote.genesisHash, chain.genesisHash];
    const hashes = `${hex(theirs)}, ours is ${hex(ours)}`;
    throw new EthError('genesis-mismatch', `the remote has genesis block ${hashes}`, {
      mismatch: { of: 'genesis', ours, theirs },
    });
  }
  const head = { number: range.latest, time: range.latestTime };
  const problem = checkForkId(chain.genesisHash, chain.forks, head, remote.forkId);
  if (problem !== undefined) {
    const theirs = remote.forkId;
    const ours = forkId(chain.genesisHash, chain.forks, head);
    const ids = `${formatForkId(theirs)}, ours is ${formatForkId(ours)}`;
    throw new EthError('fork-mismatch', `the remote has fork id ${ids}: ${problem}`, {
      mismatch: { of: 'fork', ours, theirs, problem },
    });
  }
  if ('earliest' in remote) checkRange(remote);
}

/** @throws EthError `invalid-range` */
export function checkRange(range: BlockRange): void {
  if (range.earliest > range.latest) {
    throw new EthError('invalid-range', `blocks ${range.earliest} to ${range.latest}`);
  }
  if (range.latestHash.every((byte) => byte === 0)) {
    throw new EthError('invalid-range', `block ${range.latest} without a hash`);
  }
}

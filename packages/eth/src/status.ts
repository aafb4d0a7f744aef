import type { Chain, ChainRange } from './chain.ts';
import { EthError } from './error.ts';
import { checkForkId, forkId } from './forkid.ts';
import type { BlockRange, Status } from './messages.ts';
import { sameBytes } from './same-bytes.ts';

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
    throw new EthError('network-mismatch', `network ${remote.networkId}, not ${chain.networkId}`);
  }
  if (remote.version !== version) {
    throw new EthError('version-mismatch', `status of eth/${remote.version} on eth/${version}`);
  }
  if (!sameBytes(remote.genesisHash, chain.genesisHash)) {
    throw new EthError('genesis-mismatch', 'another genesis block');
  }
  const head = { number: range.latest, time: range.latestTime };
  const problem = checkForkId(chain.genesisHash, chain.forks, head, remote.forkId);
  if (problem !== undefined) {
    const { hash, next } = remote.forkId;
    const id = `${hash.toString(16).padStart(8, '0')}/${next}`;
    throw new EthError('fork-mismatch', `fork id ${id}: ${problem}`);
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

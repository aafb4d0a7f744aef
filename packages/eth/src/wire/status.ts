import { equalBytes, isZero } from '@devp2p/bytes';
import { EthError } from '../error.ts';
import { checkForkId, forkId, formatForkId } from '../fork-id.ts';
import type { Chain, ChainRange } from '../server/chain.ts';
import { hex } from '../types/show-fields.ts';
import type { EthVersion } from './eth-version.ts';
import type { BlockRange, Status } from './messages.ts';

/** Our Status of a version, for a chain and its current range. */
export function localStatus(chain: Chain, range: ChainRange, eth: EthVersion): Status {
  const head = { number: range.latest, time: range.latestTime };
  const base = {
    version: eth.version,
    networkId: chain.networkId,
    genesisHash: chain.genesisHash,
    forkId: forkId(chain.genesisHash, chain.forks, head),
    latestHash: range.latestHash,
  };
  return eth.createStatus(base, range);
}

/**
 * Checks that a Status is compatible with our chain.
 *
 * @param version the negotiated version
 * @throws EthError `network-mismatch`, `version-mismatch`, `genesis-mismatch`, `fork-mismatch` or `invalid-range`, the
 *   first that applies.
 */
export function checkStatus(remote: Status, chain: Chain, range: ChainRange, version: number): void {
  if (remote.networkId !== chain.networkId) {
    const [theirs, ours] = [remote.networkId, chain.networkId];
    throw new EthError('network-mismatch', `the remote is on network ${theirs}, ours is ${ours}`, {
      mismatch: { of: 'network', ours, theirs },
    });
  }
  if (remote.version !== version) {
    throw new EthError('version-mismatch', `status of eth/${remote.version} on eth/${version}`);
  }
  if (!equalBytes(remote.genesisHash, chain.genesisHash)) {
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
    throw new EthError('invalid-range', `earliest block ${range.earliest} is after ${range.latest}`);
  }
  if (isZero(range.latestHash)) {
    throw new EthError('invalid-range', `the hash of block ${range.latest} is zero`);
  }
}

import type { Protocol } from '@devp2p/peer';
import { checkOption } from './check.ts';
import { EthError } from './error.ts';
import { type EthOptions, withDefaults } from './options.ts';
import { EthConnection } from './peer/connection.ts';
import type { EthPeer } from './peer/eth-peer.ts';
import { type EthVersion, messageNames } from './wire/eth-version.ts';
import { checkVersion, defaultVersions, findVersion } from './wire/supported-versions.ts';

/**
 * The eth protocol for `openPeer` of `@devp2p/peer`: exchanges Status with each peer, sends the caller's requests, and
 * serves the peer's requests from the chain.
 *
 * @throws EthError `invalid-option` for an option of another type, an incomplete chain, or a version that is not
 *   supported.
 */
export function eth(options: EthOptions): Protocol<'eth', EthPeer> {
  const context = withDefaults(options);
  const versions = (options.versions ?? defaultVersions).map(toVersion);
  const formats = new Map(versions.map((eth) => [eth.version, { eth, names: messageNames(eth) }] as const));
  return {
    name: 'eth',
    versions: versions.map(({ version, length }) => ({ version, length })),
    attach(channel, peer) {
      const format = formats.get(channel.version);
      if (format === undefined) {
        throw new EthError('version-mismatch', `eth/${channel.version} is not offered`);
      }
      const connection = new EthConnection(channel, peer, format, context);
      return { api: connection, run: () => connection.run() };
    },
  };
}

function toVersion(version: number | EthVersion, index: number): EthVersion {
  const name = `versions[${index}]`;
  if (typeof version === 'number') return findVersion(name, version);
  if (typeof version === 'object') return checkVersion(name, version);
  return checkOption.fail(name, version, 'a version number or an EthVersion');
}

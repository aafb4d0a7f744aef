import type { Protocol } from '@devp2p/peer';
import { type EthOptions, withDefaults } from './options.ts';
import { EthConnection } from './peer/connection.ts';
import type { EthPeer } from './peer/eth-peer.ts';
import { defaultVersions, schemaOf } from './wire/schema.ts';

/**
 * The eth protocol for `openPeer` of `@devp2p/peer`: greets each peer with our Status, lets the caller ask it, and answers what it
 * asks from the chain.
 *
 * @throws EthError `invalid-option` for an option of another type, a chain without what it needs, or a version that is
 *   not spoken here.
 */
export function eth(options: EthOptions): Protocol<'eth', EthPeer> {
  const parts = withDefaults(options);
  const versions = (options.versions ?? defaultVersions).map(schemaOf);
  return {
    name: 'eth',
    versions: versions.map(({ version, length }) => ({ version, length })),
    attach(channel, peer) {
      const connection = new EthConnection(channel, peer, parts);
      return { api: connection, run: () => connection.run() };
    },
  };
}

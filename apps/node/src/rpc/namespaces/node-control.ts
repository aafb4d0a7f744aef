import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Enr, enodeFromEnr, formatEnode, formatEnr, parseEnode } from '@devp2p/enr';
import { type Chain, type EthNodeInfo, nodeInfo as ethInfo, type TransactionGossip } from '@devp2p/eth';
import type { Address } from '@devp2p/peer';
import type { ChainRules } from '../../chain/interfaces.ts';
import type { Network } from '../../network/network.ts';
import type { NodePeer, PeerSet, Peers } from '../../network/peers.ts';
import type { NodeControl, PeerEventInfo, PeerInfo } from './admin.ts';
import { roundedConfigJson } from './config-json.ts';

/** The parts of the node that JSON-RPC and `/health` use. */
export interface NodeParts {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly clientId: string;
  /** An absolute path. */
  readonly datadir: string;
  /** IP address that is listened on. */
  readonly host: string;
  /** `enode://` URL before others report the external address. */
  readonly enode: string;
  /** The current local record. */
  readonly record: () => Enr;
  readonly chain: Chain & ChainRules;
  readonly peers: Peers & Pick<PeerSet, 'changed'>;
  readonly network: Pick<Network, 'port' | 'addStatic' | 'removeStatic' | 'trust' | 'distrust'>;
  /** Absent without a pool. */
  readonly transactions?: Pick<TransactionGossip, 'info'> | undefined;
  readonly crypto: Crypto;
}

/** Adapts the parts of the node to the interface of the JSON-RPC methods. */
export function nodeControl(parts: NodeParts): NodeControl {
  const { id, clientId, chain, peers, network, transactions, crypto } = parts;
  const hashOf = (key: Uint8Array): string => toHex(crypto.keccak256(key));
  const find = (key: Uint8Array): NodePeer | undefined => peers.list().find((peer) => equalBytes(peer.id, key));
  const eth = (): EthNodeInfo => ethInfo(chain, roundedConfigJson(chain.genesis.config));
  return {
    id,
    clientId,
    networkId: chain.networkId,
    datadir: parts.datadir,
    nodeInfo() {
      const record = parts.record();
      const self = enodeFromEnr(record) ?? parseEnode(parts.enode);
      return {
        id: hashOf(id),
        name: clientId,
        enode: formatEnode(self),
        enr: formatEnr(record),
        ip: self.host,
        ports: { discovery: self.udp, listener: self.tcp },
        listenAddr: formatAddress({ host: parts.host, port: network.port }),
        protocols: { eth: eth() },
      };
    },
    peers: () =>
      peers
        .list()
        .map((peer) => ({ ...peerInfo(peer, hashOf(peer.id)), ...transactionsOf(peer, transactions) }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    addPeer(node) {
      network.addStatic(node);
      setFlag(find(node.id), 'static', true);
      peers.changed();
    },
    async removePeer({ id }) {
      network.removeStatic(id);
      const peer = find(id);
      setFlag(peer, 'static', false);
      await peer?.disconnect('requested');
      await peer?.closed;
    },
    addTrustedPeer({ id }) {
      network.trust(id);
      setFlag(find(id), 'trusted', true);
    },
    removeTrustedPeer({ id }) {
      network.distrust(id);
      setFlag(find(id), 'trusted', false);
    },
    onPeerEvent: (listener) => watchPeers(peers, hashOf, listener),
  };
}

function setFlag(peer: NodePeer | undefined, flag: 'static' | 'trusted', value: boolean): void {
  if (peer !== undefined) peer.connection.flags[flag] = value;
}

function peerInfo({ id, client, connection, eth, inbound }: NodePeer, hash: string): PeerInfo {
  const { remoteAddress, localAddress, hello, flags } = connection;
  const { host = '0.0.0.0', port = 0 } = remoteAddress ?? {};
  return {
    enode: formatEnode({ id, host, tcp: port, udp: port }),
    id: hash,
    name: client,
    caps: hello.capabilities.map(({ name, version }) => `${name}/${version}`),
    network: {
      localAddress: formatAddress(localAddress),
      remoteAddress: formatAddress(remoteAddress),
      inbound,
      trusted: flags.trusted,
      static: flags.static,
    },
    protocols: { eth: eth.info() },
  };
}

function transactionsOf({ eth }: NodePeer, gossip: NodeParts['transactions']): Pick<PeerInfo, 'transactions'> {
  const info = gossip?.info(eth);
  return info === undefined ? {} : { transactions: { ...info.stats, ...info.usefulness } };
}

/** Derives peer events from changes of the set of peers. */
function watchPeers(
  peers: Peers,
  hashOf: (key: Uint8Array) => string,
  listener: (event: PeerEventInfo) => void,
): () => void {
  let over = false;
  const event = (peer: NodePeer): Omit<PeerEventInfo, 'type'> => ({
    peer: hashOf(peer.id),
    local: formatAddress(peer.connection.localAddress),
    remote: formatAddress(peer.connection.remoteAddress),
  });
  const follow = (peer: NodePeer): void => {
    peer.closed.then(({ reason, error }) => {
      if (over) return;
      const { peer: id, ...addresses } = event(peer);
      const why = reason?.replaceAll('-', ' ') ?? error?.message ?? 'connection closed';
      listener({ type: 'drop', peer: id, error: why, ...addresses });
    });
  };
  let known = new Set(peers.list());
  known.forEach(follow);
  const end = peers.onChange(() => {
    const now = peers.list();
    for (const peer of now) {
      if (known.has(peer)) continue;
      listener({ type: 'add', ...event(peer) });
      follow(peer);
    }
    known = new Set(now);
  });
  return () => {
    over = true;
    end();
  };
}

function formatAddress(address: Address | undefined): string {
  const { host, port } = address ?? { host: '', port: 0 };
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

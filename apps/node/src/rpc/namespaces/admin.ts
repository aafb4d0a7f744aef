import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Enode, enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';
import type { EthNodeInfo, EthPeerInfo, TransactionStats } from '@devp2p/eth';
import { method, type Namespace, subscription } from '../transport/api.ts';

/** The node as `admin_nodeInfo` shows it. Fields and their order are go-ethereum's (`p2p.NodeInfo`). */
export interface NodeInfo {
  /** Keccak-256 of the public key, as hex. */
  readonly id: string;
  readonly name: string;
  readonly enode: string;
  readonly enr: string;
  readonly ip: string;
  readonly ports: { readonly discovery: number; readonly listener: number };
  readonly listenAddr: string;
  readonly protocols: { readonly eth: EthNodeInfo };
}

/** A peer as `admin_peers` shows it (go-ethereum's `p2p.PeerInfo`). */
export interface PeerInfo {
  readonly enr?: string;
  readonly enode: string;
  /** Keccak-256 of the public key, as hex. */
  readonly id: string;
  readonly name: string;
  /** All that it offers, such as `eth/69`. */
  readonly caps: readonly string[];
  readonly network: {
    readonly localAddress: string;
    readonly remoteAddress: string;
    readonly inbound: boolean;
    readonly trusted: boolean;
    readonly static: boolean;
  };
  readonly protocols: { readonly eth: EthPeerInfo | 'handshake' };
  /**
   * Counts of the exchange of transactions, and averages of transactions that the peer was the first to deliver, in each
   * block. Absent in go-ethereum, and without a pool.
   */
  readonly transactions?: TransactionStats & { readonly included: number; readonly finalized: number };
}

/** An event of `peerEvents` (go-ethereum's `p2p.PeerEvent`; its events of single messages are off by default). */
export interface PeerEventInfo {
  readonly type: 'add' | 'drop';
  /** Keccak-256 of the public key, as hex. */
  readonly peer: string;
  /** Why it was dropped. */
  readonly error?: string;
  readonly local?: string;
  readonly remote?: string;
}

/** The interface of a node for `admin`, `net` and the state of the node. */
export interface NodeControl {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly clientId: string;
  readonly networkId: bigint;
  /** An absolute path. */
  readonly datadir: string;
  nodeInfo(): NodeInfo;
  /** In the order of their ids. */
  peers(): readonly PeerInfo[];
  /** Stays connected to a node from now on. */
  addPeer(node: Enode): void;
  /** Stops keeping the node connected. Resolves when its connection is closed. */
  removePeer(node: Enode): Promise<void>;
  /** Lets a node in beyond the limits from now on. */
  addTrustedPeer(node: Enode): void;
  /** Removes the exemption from the limits; a connection beyond them is closed. */
  removeTrustedPeer(node: Enode): void;
  /** @returns a function that ends the subscription. */
  onPeerEvent(listener: (event: PeerEventInfo) => void): () => void;
}

/** `admin_*`: methods for the operator only. */
export function adminNamespace(node: NodeControl, crypto: Crypto): Namespace {
  const other = (value: unknown): Enode => {
    const enode = readNode(value, crypto);
    if (equalBytes(enode.id, node.id)) throw new Error('this node cannot be its own peer');
    return enode;
  };
  const dialed = (value: unknown): Enode => {
    const enode = other(value);
    if (enode.tcp === 0) throw new Error('expected a TCP port other than 0');
    return enode;
  };
  const done = true;
  return {
    methods: {
      nodeInfo: method([], () => node.nodeInfo()),
      peers: method([], () => node.peers()),
      datadir: method([], () => node.datadir),
      addPeer: method([dialed], (enode) => {
        node.addPeer(enode);
        return done;
      }),
      removePeer: method([other], async (enode) => {
        await node.removePeer(enode);
        return done;
      }),
      addTrustedPeer: method([other], (enode) => {
        node.addTrustedPeer(enode);
        return done;
      }),
      removeTrustedPeer: method([other], (enode) => {
        node.removeTrustedPeer(enode);
        return done;
      }),
    },
    subscriptions: { peerEvents: subscription([], () => (listener) => node.onPeerEvent(listener)) },
  };
}

/** An `enode://` URL or `enr:` text. */
function readNode(value: unknown, crypto: Crypto): Enode {
  if (typeof value !== 'string') throw new Error('expected an enode URL or ENR');
  if (!value.startsWith('enr:')) return parseEnode(value, { allowHostname: true, crypto });
  const enode = enodeFromEnr(parseEnr(value, { crypto }));
  if (enode === undefined) throw new Error('expected a record with an IP address');
  return enode;
}

import { toHex } from '@devp2p/bytes';
import type { EthPeer } from '@devp2p/eth';
import type { DisconnectReason, Peer, PeerEnd } from '@devp2p/peer';

/** A remote node with which Hello and the eth Status have been exchanged. */
export interface NodePeer {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  /** Name and version of its software, as it reports them. */
  readonly client: string;
  readonly inbound: boolean;
  /** Added by the operator: dialed again after a disconnect, and not counted towards the limit. */
  readonly isStatic: boolean;
  /** The network of its address: 16 bits of IPv4, 32 of IPv6. Absent if the address is not known. */
  readonly group: string | undefined;
  readonly eth: EthPeer;
  readonly connection: Peer;
  /** Number of valid headers and blocks it has delivered, and the time of the last one, in monotonic milliseconds. */
  readonly use: { readonly items: number; readonly lastAt: number | undefined };
  /** Counts towards {@link use}. */
  delivered(items: number): void;
  disconnect(reason: DisconnectReason): Promise<void>;
  /** How and when it ended. */
  readonly closed: Promise<PeerEnd>;
}

/** The connected peers. */
export interface Peers {
  list(): readonly NodePeer[];
  /**
   * Calls the listener when a peer connects, disconnects or reports a new range of blocks.
   *
   * @returns a function that ends the subscription.
   */
  onChange(listener: () => void): () => void;
}

/** The set of peers, with notifications. The connection manager decides which peers are accepted. */
export interface PeerSet extends Peers {
  has(id: Uint8Array): boolean;
  /** Adds a peer until it has closed. @returns `false` for a node that is a peer already */
  add(peer: NodePeer): boolean;
  /** Notifies the listeners of a change of a peer. */
  changed(): void;
  /** Resolves when the node is a peer. */
  arrival(id: Uint8Array): Promise<void>;
}

/** Creates an empty set of peers. */
export function createPeerSet(): PeerSet {
  /** By hex public key. */
  const peers = new Map<string, NodePeer>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const has = (id: Uint8Array): boolean => peers.has(toHex(id));
  return {
    has,
    changed,
    add(peer) {
      const key = toHex(peer.id);
      if (peers.has(key)) return false;
      peers.set(key, peer);
      void peer.closed.then(() => {
        peers.delete(key);
        changed();
      });
      changed();
      return true;
    },
    arrival(id) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!has(id)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
    },
    list: () => [...peers.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

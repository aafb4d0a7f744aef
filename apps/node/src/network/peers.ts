import { toHex } from '@devp2p/enr';
import type { EthPeer } from '@devp2p/eth';
import type { DisconnectReason, Peer, PeerEnd } from '@devp2p/peer';

/** A remote node with which Hello and the eth Status have been exchanged. */
export interface NodePeer {
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  /** Name and version of its software: its own claim. */
  readonly client: string;
  readonly inbound: boolean;
  /** Chosen by the operator: redialled when lost, and not counted towards the limit. */
  readonly isStatic: boolean;
  readonly eth: EthPeer;
  readonly connection: Peer;
  disconnect(reason: DisconnectReason): Promise<void>;
  /** How and when it ended. */
  readonly closed: Promise<PeerEnd>;
}

/** The peers that there are, for those who work with them. */
export interface Peers {
  list(): readonly NodePeer[];
  /**
   * Calls the listener whenever a peer came, went, or said something new about its blocks.
   *
   * @returns a function that ends the subscription.
   */
  onChange(listener: () => void): () => void;
}

/** @see createPeerSet */
export interface PeerSetOptions {
  /** Our own public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly maxPeers: number;
  /** Whether the operator chose the node with this public key. */
  readonly isStatic: (id: Uint8Array) => boolean;
}

/** Who is connected: decides whom there is room for, and tells who came and went. */
export interface PeerSet extends Peers {
  /** Why a remote with this key is not wanted now, if it is not: the checkpoint after each handshake. */
  objection(id: Uint8Array): DisconnectReason | undefined;
  /** As {@link objection}; without one, a place is taken until {@link release}. */
  reserve(id: Uint8Array): DisconnectReason | undefined;
  release(id: Uint8Array): void;
  /** Shows a peer whose handshakes are over. */
  add(peer: NodePeer): void;
  /** Tells the listeners that a peer said something new. */
  changed(): void;
  /** Resolves when the node is a peer. */
  arrival(id: Uint8Array): Promise<void>;
  /** Resolves as soon as no place is taken for the key. */
  gone(id: Uint8Array): Promise<void>;
}

/** What a connected key has, from the end of the first handshake on. */
interface Place {
  readonly counts: boolean;
  /** Once both handshakes are over. */
  peer?: NodePeer;
  readonly waiting: (() => void)[];
}

/** Makes an empty set of peers. */
export function createPeerSet({ id: ownId, maxPeers, isStatic }: PeerSetOptions): PeerSet {
  const ownKey = toHex(ownId);
  /** By hex public key. */
  const places = new Map<string, Place>();
  const listeners = new Set<() => void>();
  let counted = 0;

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const objection = (id: Uint8Array): DisconnectReason | undefined => {
    const key = toHex(id);
    if (key === ownKey) return 'connected-to-self';
    if (places.has(key)) return 'already-connected';
    return counted >= maxPeers && !isStatic(id) ? 'too-many-peers' : undefined;
  };
  return {
    objection,
    changed,
    reserve(id) {
      const reason = objection(id);
      if (reason !== undefined) return reason;
      const counts = !isStatic(id);
      places.set(toHex(id), { counts, waiting: [] });
      if (counts) counted++;
      return undefined;
    },
    release(id) {
      const place = places.get(toHex(id));
      if (place === undefined) return;
      places.delete(toHex(id));
      if (place.counts) counted--;
      for (const resolve of place.waiting) resolve();
      if (place.peer !== undefined) changed();
    },
    add(peer) {
      const place = places.get(toHex(peer.id));
      if (place === undefined) return;
      place.peer = peer;
      changed();
    },
    arrival(id) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (places.get(toHex(id))?.peer === undefined) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
    },
    gone(id) {
      const place = places.get(toHex(id));
      if (place === undefined) return Promise.resolve();
      return new Promise((resolve) => place.waiting.push(resolve));
    },
    list: () => [...places.values()].flatMap(({ peer }) => (peer === undefined ? [] : [peer])),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

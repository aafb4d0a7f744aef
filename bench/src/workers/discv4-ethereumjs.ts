import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { nobleCrypto as crypto } from '@devp2p/crypto';
import { DPT, Server as DptServer, type PeerInfo } from '@ethereumjs/devp2p';
import { discv4Cases, type Found, type MakeNetwork } from './discv4-cases.ts';
import type { Cases } from './serve.ts';

const host = '127.0.0.1';

/** The requesting node. Responses to FindNode are emitted as an event without the sender. */
class Requester extends DptServer {
  readonly #waiting = new Map<number, (found: readonly Found[]) => void>();
  #from = 0;

  constructor(privateKey: Uint8Array) {
    super(new DPT(privateKey, { shouldFindNeighbours: false }), privateKey, {});
    this.events.on('peers', (peers: PeerInfo[]) =>
      this.#waiting.get(this.#from)?.(peers.map(({ udpPort }) => ({ udp: udpPort ?? 0 }))),
    );
  }

  override ping(peer: PeerInfo): Promise<PeerInfo> {
    // Otherwise it does not repeat a request that was answered within the last second.
    this._requestsCache.clear();
    return super.ping(peer);
  }

  findNode(peer: PeerInfo, target: Uint8Array): Promise<readonly Found[]> {
    return new Promise((resolve) => {
      this.#waiting.set(peer.udpPort ?? 0, resolve);
      this.findneighbours(peer, target);
    });
  }

  override _handler(message: Uint8Array, from: RemoteInfo): void {
    this.#from = from.port;
    super._handler(message, from);
  }

  async listen(): Promise<void> {
    const listening = new Promise((resolve) => this.events.once('listening', () => resolve(0)));
    this.bind(0, host);
    await listening;
  }
}

/** A responding node. */
class Responder extends DPT {
  readonly #socket: Socket;

  constructor(privateKey: Uint8Array) {
    const socket = createSocket('udp4');
    super(privateKey, { shouldFindNeighbours: false, createSocket: () => socket });
    this.#socket = socket;
  }

  async listen(): Promise<PeerInfo> {
    this.bind(0, host);
    await once(this.#socket, 'listening');
    const { port } = this.#socket.address();
    if (!this.id) throw new Error('node has no id');
    return { id: this.id, address: host, udpPort: port, tcpPort: port };
  }
}

const makeNetwork: MakeNetwork = async (privateKey, others) => {
  const nodes = others.map((key) => new Responder(key));
  const contacts: PeerInfo[] = [];
  for (const node of nodes) contacts.push(await node.listen());
  for (const node of nodes) {
    for (const contact of contacts) if (contact.id !== node.id) await node.addPeer({ ...contact });
  }
  const requester = new Requester(privateKey);
  await requester.listen();
  const contact = (node: number) => contacts[node] as PeerInfo;
  return {
    async ping(node) {
      const { id } = await requester.ping(contact(node));
      if (id === undefined || Buffer.compare(id, contact(node).id as Uint8Array) !== 0) {
        throw new Error('response from another node');
      }
    },
    findNode: (node, target) => requester.findNode(contact(node), target),
    ids: new Map(contacts.map(({ udpPort, id }) => [udpPort ?? 0, id as Uint8Array])),
  };
};

export const theirDiscv4Cases: Cases = discv4Cases(makeNetwork, crypto);

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { AddrNode } from '@devp2p/addrman';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decodePacket, encodePacket, type Packet } from '@devp2p/discv4';
import type { Enode } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { accept } from '@devp2p/rlpx';
import { type Guest, openGuest } from '../../soak/guest.ts';

const utf8 = new TextEncoder();

/** The private key of the node at an address. */
const keyOf = (host: string): Uint8Array => crypto.keccak256(utf8.encode(host));

function ipOf(host: string): Uint8Array {
  const ip = parseIp(host);
  if (ip === undefined) throw new TypeError(host);
  return ip;
}

/** Nodes at all addresses of this machine, on one port: each address has a key of its own. */
export interface Crowd {
  /** The node at an address. */
  at(host: string): AddrNode;
  /** Connected nodes, in the order in which they were dialed. */
  readonly guests: ReadonlySet<Guest>;
  close(): void;
}

/** @param isThere whether the node at an address accepts connections */
export async function gather(isThere: (host: string) => boolean): Promise<Crowd> {
  const guests = new Set<Guest>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    const { localAddress = '' } = socket;
    if (!isThere(localAddress)) {
      socket.destroy();
      return;
    }
    const privateKey = keyOf(localAddress);
    const publicKey = crypto.secp256k1.publicKey(privateKey);
    accept(socket, { privateKey, publicKey, crypto })
      .then((stream) => openGuest(stream))
      .then((guest) => {
        guests.add(guest);
        void guest.peer.closed.then(() => guests.delete(guest));
      })
      .catch(() => {});
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    guests,
    at: (host) => ({
      id: crypto.secp256k1.publicKey(keyOf(host)),
      address: { ip: ipOf(host), tcp: port, udp: port },
    }),
    close: () => void server.close(),
  };
}

/** A discv4 node that answers every FindNode request with given nodes. */
export class Liar {
  /** Number of FindNode requests answered. */
  answers = 0;
  readonly #privateKey: Uint8Array;
  readonly #socket: Socket = createSocket('udp4');
  readonly #nodes: readonly AddrNode[];
  readonly #host: string;
  readonly #self: AddrNode['address'];

  /** @param nodes the nodes that the answers choose from at random */
  constructor(crowd: Crowd, host: string, nodes: readonly AddrNode[]) {
    this.#privateKey = keyOf(host);
    this.#nodes = nodes;
    this.#host = host;
    this.#self = crowd.at(host).address;
    this.#socket.on('message', (bytes, { address, port }) => {
      this.#openHost(bytes, { host: address, port });
    });
  }

  async open(): Promise<this> {
    this.#socket.bind(this.#self.udp, this.#host);
    await once(this.#socket, 'listening');
    return this;
  }

  /** Sends a ping. */
  greet({ host, udp, tcp }: Enode): void {
    const from = this.#self;
    const to = { ip: ipOf(host), udp, tcp };
    this.#send({ type: 'ping', version: 4n, from, to, expiration: soon() }, { host, port: udp });
  }

  close(): void {
    this.#socket.close();
  }

  #openHost(bytes: Uint8Array, from: { readonly host: string; readonly port: number }): void {
    const { packet, hash } = decodePacket(bytes, crypto);
    const expiration = soon();
    if (packet.type === 'ping') {
      const to = { ip: ipOf(from.host), udp: from.port, tcp: 0 };
      this.#send({ type: 'pong', to, pingHash: hash, expiration }, from);
    } else if (packet.type === 'findNode') {
      // 16 nodes are the most that an answer may have, and 12 the most that one packet holds.
      for (const count of [12, 4]) {
        const nodes = Array.from({ length: count }, () => this.#any());
        this.#send({ type: 'neighbors', nodes, expiration }, from);
      }
      this.answers++;
    }
  }

  #any(): { id: Uint8Array; ip: Uint8Array; udp: number; tcp: number } {
    const node = this.#nodes[Math.floor(Math.random() * this.#nodes.length)];
    if (node === undefined) throw new RangeError('no nodes to choose from');
    return { id: node.id, ...node.address };
  }

  #send(packet: Packet, { host, port }: { readonly host: string; readonly port: number }): void {
    this.#socket.send(encodePacket(packet, this.#privateKey, crypto).bytes, port, host);
  }
}

const soon = (): number => Math.floor(Date.now() / 1_000) + 20;

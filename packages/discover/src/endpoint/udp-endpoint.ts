import { isZero } from '@devp2p/bytes';
import { formatIp, parseIp } from '@devp2p/ip';
import { check } from '../check-options.ts';
import { type Address, addressRules, socketRule, type UdpSocket } from './udp-socket.ts';

/** Source of a datagram. */
export interface PacketSource extends Address {
  /** `host` as 4 or 16 bytes. */
  readonly ip: Uint8Array;
}

/**
 * Reads the packets of one protocol.
 *
 * @returns whether the packet belongs to the protocol. If not, the next reader gets it. Must not throw for the content
 * of a packet.
 */
export type PacketReader = (bytes: Uint8Array, from: PacketSource) => boolean;

/** Numbers of datagrams since the endpoint was created. */
export interface EndpointStats {
  received: number;
  sent: number;
  /** Received and dropped, because no reader accepted them. */
  unread: number;
}

/** Owns a socket, and hands each received packet to the protocol that can read it. */
export class UdpEndpoint {
  readonly #socket: UdpSocket;
  readonly #readers: PacketReader[] = [];
  readonly #stats: EndpointStats = { received: 0, sent: 0, unread: 0 };
  readonly #canSendTo: (ip: Uint8Array) => boolean;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    this.#canSendTo = reachableFrom(socket.localAddress);
  }

  /** @internal */
  static create(socket: UdpSocket): UdpEndpoint {
    const endpoint = new UdpEndpoint(socket);
    socket.onMessage((bytes, from) => endpoint.#receive(bytes, from));
    return endpoint;
  }

  /** Address that the socket is bound to. */
  get localAddress(): Address {
    return this.#socket.localAddress;
  }

  get stats(): Readonly<EndpointStats> {
    return { ...this.#stats };
  }

  /** Sends a datagram. Never throws for the state of the network; `bytes` may be reused afterwards. */
  send(bytes: Uint8Array, to: Address): void {
    this.#stats.sent++;
    this.#socket.send(bytes, to);
  }

  /**
   * Adds a protocol. Readers get each packet in the order in which they were added, up to the first that accepts it.
   *
   * @returns a function that removes the reader
   */
  addReader(reader: PacketReader): () => void {
    this.#readers.push(reader);
    return () => {
      const index = this.#readers.indexOf(reader);
      if (index >= 0) this.#readers.splice(index, 1);
    };
  }

  /** Whether the socket can send to an IP address: those of its own family, or all if it is bound to `::`. */
  canSendTo(ip: Uint8Array): boolean {
    return this.#canSendTo(ip);
  }

  /** Closes the socket. Idempotent. */
  close(): Promise<void> {
    return this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(bytes: Uint8Array, { host, port }: Address): void {
    const ip = parseIp(host);
    // No response can be sent to port 0, and a scoped IPv6 address is valid on its own interface only.
    if (!ip || port === 0) return;
    this.#stats.received++;
    // IPv6 has several spellings of an address, and sockets report IPv4 sources in one of them.
    const from = { host: host.includes(':') ? formatIp(ip) : host, port, ip };
    for (const reader of this.#readers) if (reader(bytes, from)) return;
    this.#stats.unread++;
  }
}

/**
 * Creates the endpoint of a socket, which belongs to the endpoint from then on.
 *
 * @throws DiscoverError `invalid-option`
 */
export function createUdpEndpoint(socket: UdpSocket): UdpEndpoint {
  check.value('socket', socket, socketRule);
  check.fields('socket.localAddress', socket.localAddress, addressRules);
  return UdpEndpoint.create(socket);
}

function reachableFrom({ host }: Address): (ip: Uint8Array) => boolean {
  const local = parseIp(host);
  if (!local || (local.length === 16 && isZero(local))) return () => true;
  return ({ length }) => length === local.length;
}

import { toHex } from '@devp2p/bytes';
import type { VirtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import type { Address, UdpSocket } from '@devp2p/discover';
import { parseIp } from '@devp2p/ip';
import { encode, type Input } from 'rlp';
import { type Discv4, decodePacket, type Packet } from '../src/index.ts';

/** Encodes a packet of any type and body, valid or not. */
export function rawPacket(type: number, body: Input, privateKey: Uint8Array, crypto: Crypto): Uint8Array {
  return sealed(Uint8Array.of(type, ...encode(body)), privateKey, crypto);
}

/** Adds signature and hash to type and body. */
export function sealed(content: Uint8Array, privateKey: Uint8Array, crypto: Crypto): Uint8Array {
  const signature = crypto.secp256k1.sign(crypto.keccak256(content), privateKey);
  const signed = Uint8Array.of(...signature, ...content);
  return Uint8Array.of(...crypto.keccak256(signed), ...signed);
}

/** Options of {@link RawPeer}. */
export interface RawPeerOptions {
  readonly socket: UdpSocket;
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly clock: Pick<VirtualClock, 'now'>;
}

type Of<T extends Packet['type']> = Extract<Packet, { type: T }>;

/** Peer that sends any packet, records received packets, and does not respond by itself. */
export class RawPeer {
  readonly id: Uint8Array;
  readonly key: string;
  readonly address: Address;
  readonly received: { packet: Packet; hash: Uint8Array; from: Address; bytes: Uint8Array }[] = [];
  readonly #options: RawPeerOptions;

  constructor(options: RawPeerOptions) {
    this.#options = options;
    const { socket, crypto, privateKey } = options;
    this.id = crypto.secp256k1.publicKey(privateKey);
    this.key = toHex(this.id);
    this.address = socket.localAddress;
    socket.onMessage((bytes, from) => {
      const { packet, hash } = decodePacket(bytes, crypto);
      this.received.push({ packet, hash, from, bytes });
    });
  }

  /** Unix time in seconds, `ahead` seconds after now. */
  expiration(ahead = 20): number {
    return Math.floor(this.#options.clock.now() / 1000) + ahead;
  }

  endpoint({ host, port }: Address = this.address, tcp = port): Input {
    return [parseIp(host) ?? new Uint8Array(4), port, tcp];
  }

  /** Sends a packet and returns its hash. */
  send(to: Address, type: number, body: Input): Uint8Array {
    const { socket, privateKey, crypto } = this.#options;
    const bytes = rawPacket(type, body, privateKey, crypto);
    socket.send(bytes, to);
    return bytes.subarray(0, 32);
  }

  ping(to: Address, expiration: Input = this.expiration()): Uint8Array {
    return this.send(to, 1, [4, this.endpoint(), this.endpoint(to, 0), expiration]);
  }

  pong(to: Address, pingHash: Uint8Array): Uint8Array {
    return this.send(to, 2, [this.endpoint(to), pingHash, this.expiration()]);
  }

  findNode(to: Address, target: Uint8Array, expiration: Input = this.expiration()): Uint8Array {
    return this.send(to, 3, [target, expiration]);
  }

  neighbors(to: Address, nodes: Input[]): Uint8Array {
    return this.send(to, 4, [nodes, this.expiration()]);
  }

  enrRequest(to: Address, expiration: Input = this.expiration()): Uint8Array {
    return this.send(to, 5, [expiration]);
  }

  /** Received packets of a type. */
  got<T extends Packet['type']>(type: T): (RawPeer['received'][number] & { packet: Of<T> })[] {
    return this.received.filter(
      (one): one is RawPeer['received'][number] & { packet: Of<T> } => one.packet.type === type,
    );
  }

  /** Proves the endpoint to a node, as an honest node does. */
  async bond(discovery: Discv4, settle: () => Promise<void>): Promise<void> {
    this.ping(discovery.localAddress);
    await settle();
    const ping = this.got('ping').at(-1);
    if (ping) this.pong(discovery.localAddress, ping.hash);
    await settle();
    this.received.length = 0;
  }
}

import type { Address, LocalNode, UdpEndpoint } from '@devp2p/discover';
import { parseIp } from '@devp2p/ip';
import type { Settings } from '../options.ts';
import type { Stats } from '../stats.ts';
import { type EncodedPacket, type Endpoint, encodePacket, type Packet } from '../wire/packet.ts';

/** Collaborators of {@link PacketSender}. */
export interface PacketSenderParts {
  readonly settings: Settings;
  readonly endpoint: UdpEndpoint;
  readonly localNode: LocalNode;
  readonly stats: Stats;
}

/** Signs and sends packets. */
export class PacketSender {
  readonly #parts: PacketSenderParts;

  constructor(parts: PacketSenderParts) {
    this.#parts = parts;
  }

  sign(packet: Packet): EncodedPacket {
    const { privateKey, crypto } = this.#parts.settings;
    return encodePacket(packet, privateKey, crypto);
  }

  transmit({ bytes }: EncodedPacket, { host, port }: Address): void {
    const { stats, endpoint } = this.#parts;
    stats.sent++;
    endpoint.send(bytes, { host, port });
  }

  send(packet: Packet, to: Address): void {
    this.transmit(this.sign(packet), to);
  }

  /** Returns the expiration of a packet that is sent now, in Unix seconds. */
  expiration(): number {
    const { clock, expiration } = this.#parts.settings;
    return Math.floor((clock.now() + expiration) / 1000);
  }

  /**
   * Returns the `from` endpoint of a Ping to an IP address of `length` bytes. Receivers use its TCP port only, and take
   * the rest from the source of the packet.
   */
  localEndpoint(length: number): Endpoint {
    const { ip, ip6, udp = 0, udp6 = udp, tcp = 0 } = this.#parts.localNode.enr;
    const address = length === 4 ? ip : ip6;
    return {
      ip: (address === undefined ? undefined : parseIp(address)) ?? new Uint8Array(length),
      udp: length === 4 ? udp : udp6,
      tcp,
    };
  }
}

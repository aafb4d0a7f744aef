import { parseIp } from '@devp2p/enr';
import type { LocalRecord } from './local-record.ts';
import type { Settings } from './options.ts';
import { type EncodedPacket, type Endpoint, encodePacket, type Packet } from './packet.ts';
import type { Address, UdpSocket } from './socket.ts';
import type { Stats } from './stats.ts';

/** What {@link PacketSender} works with. */
export interface SenderParts {
  readonly settings: Settings;
  readonly socket: UdpSocket;
  readonly record: LocalRecord;
  readonly stats: Stats;
}

/** Signs packets and sends them. */
export class PacketSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  sign(packet: Packet): EncodedPacket {
    const { privateKey, crypto } = this.#parts.settings;
    return encodePacket(packet, privateKey, crypto);
  }

  transmit({ bytes }: EncodedPacket, { host, port }: Address): void {
    const { stats, socket } = this.#parts;
    stats.sent++;
    socket.send(bytes, { host, port });
  }

  send(packet: Packet, to: Address): void {
    this.transmit(this.sign(packet), to);
  }

  /** What a packet that is sent now says about how long it is good for. */
  expiration(): number {
    const { clock, expiration } = this.#parts.settings;
    return Math.floor((clock.now() + expiration) / 1000);
  }

  /**
   * Our endpoint in a ping to an address of `length` bytes. Others take the TCP port from it, and the rest from where
   * the packet comes from.
   */
  localEndpoint(length: number): Endpoint {
    const { ip, ip6, udp = 0, udp6 = udp, tcp = 0 } = this.#parts.record.enr;
    const address = length === 4 ? ip : ip6;
    return {
      ip: (address === undefined ? undefined : parseIp(address)) ?? new Uint8Array(length),
      udp: length === 4 ? udp : udp6,
      tcp,
    };
  }
}

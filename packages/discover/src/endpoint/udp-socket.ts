import { integer, methods, type Rule, type Rules, required, string } from '@devp2p/options';

/** Source or destination of a datagram. */
export interface Address {
  /** IP address as text. An IPv4-mapped IPv6 address is equivalent to its IPv4 address. */
  readonly host: string;
  /** UDP port. */
  readonly port: number;
}

/**
 * The datagram socket that discovery runs on. `bindUdp` of `@devp2p/discover/udp` returns one of the system; a
 * simulation implements it in memory.
 */
export interface UdpSocket {
  /** Address that the socket is bound to. */
  readonly localAddress: Address;
  /** Sends a datagram, which may be lost without a report. Must not throw, and must not keep `bytes`. */
  send(bytes: Uint8Array, to: Address): void;
  /** Sets the only handler of received datagrams. The handler may keep the bytes. */
  onMessage(handler: (bytes: Uint8Array, from: Address) => void): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Rule for a {@link UdpSocket}. */
export const socketRule: Rule = {
  ...methods('send', 'onMessage', 'close'),
  expected: 'a UdpSocket, such as bindUdp returns',
};

/** Rules for an {@link Address}. */
export const addressRules: Rules<Address> = {
  host: required(string),
  port: required(integer(0, 65_535)),
};

import { integer, methods, type Rule, type Rules, required, string } from '@devp2p/options';

/** Where a datagram comes from or goes to. */
export interface Address {
  /** IP address as text. IPv4-mapped IPv6 addresses are taken for the IPv4 address that they are. */
  readonly host: string;
  /** UDP port. */
  readonly port: number;
}

/**
 * All that discovery needs of a network. `bindUdp` of `@devp2p/discv4/udp` makes one from a real socket; a simulation
 * makes its own.
 */
export interface UdpSocket {
  /** Where the socket is bound. */
  readonly localAddress: Address;
  /** Sends a datagram, which may get lost without a word. Must not throw, and must not keep `bytes`. */
  send(bytes: Uint8Array, to: Address): void;
  /** Sets the one function that gets every datagram; its bytes are the function's to keep. */
  onMessage(handler: (bytes: Uint8Array, from: Address) => void): void;
  /** Idempotent. */
  close(): Promise<void>;
}

export const socketRule: Rule = {
  ...methods('send', 'onMessage', 'close'),
  expected: 'a UdpSocket, such as bindUdp makes',
};

export const addressRules: Rules<Address> = {
  host: required(string),
  port: required(integer(0, 65_535)),
};

import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import {
  type Address,
  decodePacket,
  encodePacket,
  maxNeighbors,
  type Neighbor,
  type Packet,
  type UdpSocket,
} from '@devp2p/discv4';
import { parseIp } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import { closest, positionOf, type SimulatedNode } from './population.ts';

export interface UdpSideOptions {
  readonly socket: UdpSocket;
  readonly table: readonly SimulatedNode[];
  readonly crypto: Crypto;
  readonly random: RandomBytes;
  readonly clock: Clock;
  /** Returns an address without a node, for false neighbors. */
  readonly unusedIp: () => Uint8Array;
  /** Milliseconds before each answer; `undefined` drops the packet. */
  readonly delay: () => number | undefined;
}

/** Answers discovery packets. As in go-ethereum, only a node that answered our Ping may send further requests. */
export function answerDiscovery(self: SimulatedNode, options: UdpSideOptions): void {
  const { socket, crypto, clock, delay } = options;
  const bonded = new Set<string>();
  const expiration = () => Math.floor(clock.now() / 1000) + 20;
  const send = (packet: Packet, to: Address): void => {
    socket.send(encodePacket(packet, self.privateKey, crypto).bytes, to);
  };
  const here = { ip: parseIp(self.host) ?? new Uint8Array(4), udp: self.udp, tcp: self.tcp };

  const answer = (bytes: Uint8Array, from: Address): void => {
    const { packet, hash, id } = decodePacket(bytes, crypto);
    const sender = `${toHex(id)} ${from.host}`;
    const there = { ip: parseIp(from.host) ?? new Uint8Array(4), udp: from.port, tcp: 0 };
    const isBonded = bonded.has(sender);
    switch (packet.type) {
      case 'ping': {
        const enrSeq = self.enr.seq;
        send({ type: 'pong', to: there, pingHash: hash, expiration: expiration(), enrSeq }, from);
        if (isBonded) return;
        send({ type: 'ping', version: 4n, from: here, to: there, expiration: expiration(), enrSeq }, from);
        return;
      }
      case 'pong':
        bonded.add(sender);
        return;
      case 'enrRequest':
        if (isBonded) send({ type: 'enrResponse', requestHash: hash, record: self.enr.bytes }, from);
        return;
      case 'findNode': {
        if (!isBonded) return;
        const found = closest(options.table, positionOf(crypto.keccak256(packet.target)));
        const honest = found.map(neighborOf);
        const nodes = self.kind === 'liar' ? falseNeighbors(self, honest, options) : honest;
        for (let i = 0; i === 0 || i < nodes.length; i += maxNeighbors) {
          const part = nodes.slice(i, i + maxNeighbors);
          send({ type: 'neighbors', nodes: part, expiration: expiration() }, from);
        }
      }
    }
  };
  socket.onMessage((bytes, from) => {
    const ms = delay();
    if (ms === undefined) return;
    if (ms === 0) answer(bytes, from);
    else clock.setTimeout(() => answer(bytes, from), ms);
  });
}

/** Of 16 nodes: five at an unused address, five at its own address, three at a wrong address, and three correct ones. */
function falseNeighbors(
  self: SimulatedNode,
  honest: readonly Neighbor[],
  { crypto, random, unusedIp }: UdpSideOptions,
): Neighbor[] {
  const newId = () => crypto.secp256k1.publicKey(random(32));
  const unused = unusedIp();
  const own = parseIp(self.host) ?? unused;
  return [
    ...[1, 2, 3, 4, 5].map((n) => ({ id: newId(), ip: unused, udp: 30300 + n, tcp: 30303 })),
    ...[1, 2, 3, 4, 5].map((n) => ({ id: newId(), ip: own, udp: 40000 + n, tcp: 40000 })),
    ...honest.slice(0, 3).map(({ id }) => ({ id, ip: unused, udp: 30303, tcp: 30303 })),
    ...honest.slice(3, 6),
  ];
}

function neighborOf({ id, host, udp, tcp }: SimulatedNode): Neighbor {
  return { id, ip: parseIp(host) ?? new Uint8Array(4), udp, tcp };
}

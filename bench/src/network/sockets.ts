import type { Crypto } from '@devp2p/crypto';
import {
  decodePacket,
  encodePacket,
  type Neighbor,
  type Neighbors,
  type UdpSocket,
} from '@devp2p/discv4';
import { parseIp } from '@devp2p/ip';

/** A socket whose datagrams set out late. */
export function slowSocket(socket: UdpSocket, milliseconds: number): UdpSocket {
  return {
    ...socket,
    send: (bytes, to) => void setTimeout(() => socket.send(bytes, to), milliseconds),
  };
}

/** A socket that puts lies into the answers to FindNode. */
export function lyingSocket(socket: UdpSocket, privateKey: Uint8Array, crypto: Crypto): UdpSocket {
  const own = parseIp(socket.localAddress.host) ?? new Uint8Array(4);
  let lies = 0;
  /** Of six neighbors two are nobody, at our own address, and one is where it is not. */
  const lie = (neighbor: Neighbor, index: number): Neighbor => {
    if (index % 3 === 0) {
      const id = crypto.secp256k1.publicKey(crypto.keccak256(Uint8Array.of(...own, ++lies & 15)));
      return { ...neighbor, id, ip: own };
    }
    return index % 6 === 1 ? { ...neighbor, udp: neighbor.udp + 1 } : neighbor;
  };
  return {
    ...socket,
    send(bytes, to) {
      const { packet } = decodePacket(bytes, crypto);
      if (packet.type !== 'neighbors') {
        socket.send(bytes, to);
        return;
      }
      const lying: Neighbors = { ...packet, nodes: packet.nodes.map(lie) };
      socket.send(encodePacket(lying, privateKey, crypto).bytes, to);
    },
  };
}

import type { Crypto } from '@devp2p/crypto';
import { decodePacket, encodePacket, type Neighbor, type Neighbors, type UdpSocket } from '@devp2p/discv4';
import { parseIp } from '@devp2p/ip';

/** Returns a socket that sends datagrams after a delay. */
export function slowSocket(socket: UdpSocket, milliseconds: number): UdpSocket {
  return {
    ...socket,
    send: (bytes, to) => void setTimeout(() => socket.send(bytes, to), milliseconds),
  };
}

/** Returns a socket that sends false Neighbors. */
export function falseSocket(socket: UdpSocket, privateKey: Uint8Array, crypto: Crypto): UdpSocket {
  const own = parseIp(socket.localAddress.host) ?? new Uint8Array(4);
  let count = 0;
  /** Of six neighbors two do not exist, at our own address, and one has a wrong port. */
  const falsify = (neighbor: Neighbor, index: number): Neighbor => {
    if (index % 3 === 0) {
      const id = crypto.secp256k1.publicKey(crypto.keccak256(Uint8Array.of(...own, ++count & 15)));
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
      const falsified: Neighbors = { ...packet, nodes: packet.nodes.map(falsify) };
      socket.send(encodePacket(falsified, privateKey, crypto).bytes, to);
    },
  };
}

import type { Crypto } from '@devp2p/crypto';
import { bindUdp } from '@devp2p/discover/udp';
import { createDiscv4, type Discv4, type UdpSocket } from '@devp2p/discv4';
import { formatEnode } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import type { MemoryChain } from '@devp2p/eth/memory';
import { type MessageStream, openPeer } from '@devp2p/peer';
import { listen } from '@devp2p/rlpx/tcp';
import type { Kind } from './kinds.ts';
import { lyingSocket, slowSocket } from './sockets.ts';

/** Every node has an address of its own, and so the usual port. */
const port = 30303;

/** What a slow node waits before each of its answers, in ms. */
const slowness = 400;

/** What nodes are made with. */
export interface NodeOptions {
  readonly kind: Kind;
  /** IP address on loopback. */
  readonly host: string;
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly chain: MemoryChain;
}

/** A node that answers over UDP and TCP. */
export interface SimulatedNode {
  readonly kind: Kind;
  readonly enode: string;
  readonly discovery: Discv4;
  close(): Promise<void>;
}

export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const { kind, host, privateKey, crypto } = options;
  const discovery = await createDiscv4(disguise(await bindUdp({ host, port }), options), {
    privateKey,
    crypto,
    // However busy the machine is, the network is not to fall apart, nor to keep itself busy.
    requestTimeout: 10_000,
    pingInterval: 60_000,
    refreshLookups: 0,
  });
  const listener = await listen({
    ...{ privateKey, publicKey: discovery.id, crypto, host, port },
    onStream: (stream) => serve(stream, options),
  });
  return {
    ...{ kind, discovery },
    enode: formatEnode({ id: discovery.id, host, tcp: port, udp: port }),
    async close() {
      await Promise.all([discovery.close(), listener.close()]);
    },
  };
}

function disguise(socket: UdpSocket, { kind, privateKey, crypto }: NodeOptions): UdpSocket {
  if (kind === 'slow') return slowSocket(socket, slowness);
  return kind === 'lying' ? lyingSocket(socket, privateKey, crypto) : socket;
}

async function serve(stream: MessageStream, { kind, chain, crypto }: NodeOptions): Promise<void> {
  try {
    if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, slowness));
    if (kind === 'full') {
      // Disconnect: too many peers.
      await stream.write(0x01, Uint8Array.of(0xc1, 0x04));
      await stream.close();
      return;
    }
    await openPeer(stream, { clientId: 'simulated/v1.0.0', protocols: [eth({ chain, crypto })] });
  } catch {
    // Visitors come and go as they like.
    stream.destroy();
  }
}

import type { Crypto } from '@devp2p/crypto';
import { bindUdp } from '@devp2p/discover/udp';
import { createDiscv4, type Discv4, type UdpSocket } from '@devp2p/discv4';
import { formatEnode } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import type { MemoryChain } from '@devp2p/eth/memory';
import { type MessageStream, openPeer } from '@devp2p/peer';
import { listen } from '@devp2p/rlpx/tcp';
import type { Kind } from './kinds.ts';
import { falseSocket, slowSocket } from './sockets.ts';

/** Every node has its own address, and so the default port. */
const port = 30303;

/** Delay of a slow node before each response, in ms. */
const responseDelay = 400;

/** Options of {@link startNode}. */
export interface NodeOptions {
  readonly kind: Kind;
  /** IP address on loopback. */
  readonly host: string;
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly chain: MemoryChain;
}

/** A node with discovery and RLPx. */
export interface SimulatedNode {
  readonly kind: Kind;
  readonly enode: string;
  readonly discovery: Discv4;
  close(): Promise<void>;
}

export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const { kind, host, privateKey, crypto } = options;
  const discovery = await createDiscv4(wrapSocket(await bindUdp({ host, port }), options), {
    privateKey,
    crypto,
    // The tables must stay filled on a busy machine, and their maintenance must not use much CPU time.
    requestTimeout: 10_000,
    pingInterval: 60_000,
    refreshLookups: 0,
  });
  const listener = await listen({
    privateKey,
    publicKey: discovery.id,
    crypto,
    host,
    port,
    onStream: (stream) => serve(stream, options),
  });
  return {
    kind,
    discovery,
    enode: formatEnode({ id: discovery.id, host, tcp: port, udp: port }),
    async close() {
      await Promise.all([discovery.close(), listener.close()]);
    },
  };
}

function wrapSocket(socket: UdpSocket, { kind, privateKey, crypto }: NodeOptions): UdpSocket {
  if (kind === 'slow') return slowSocket(socket, responseDelay);
  return kind === 'lying' ? falseSocket(socket, privateKey, crypto) : socket;
}

async function serve(stream: MessageStream, { kind, chain, crypto }: NodeOptions): Promise<void> {
  try {
    if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, responseDelay));
    if (kind === 'full') {
      // Disconnect: too many peers.
      await stream.write(0x01, Uint8Array.of(0xc1, 0x04));
      await stream.close();
      return;
    }
    await openPeer(stream, { clientId: 'simulated/v1.0.0', protocols: [eth({ chain, crypto })] });
  } catch {
    // A crawler may disconnect at any time.
    stream.destroy();
  }
}

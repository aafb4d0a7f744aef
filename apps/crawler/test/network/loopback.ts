import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { UdpSocket } from '@devp2p/discv4';
import { bindUdp } from '@devp2p/discv4/udp';
import { listen } from '@devp2p/rlpx/tcp';
import { seededRandom } from '../../../../packages/discv4/test/simulated-network.ts';
import { fillTables, type Inhabitant, populate } from './population.ts';
import { enodeOf } from './simulation.ts';
import { serveVisitor, simulatedChains } from './tcp-side.ts';
import { answerDiscovery } from './udp-side.ts';

export interface LoopbackOptions {
  readonly size: number;
  /** IP address of each. @default 127.0.0.1 */
  readonly hostOf?: (index: number) => string;
  /** ms before each answer of slow nodes. */
  readonly slowness: number;
}

/** A network on this machine. */
export interface Loopback extends AsyncDisposable {
  readonly inhabitants: readonly Inhabitant[];
  /** Where to begin. */
  readonly bootnode: string;
}

/** Starts a network on real sockets, in which nobody comes or goes. */
export async function startLoopback({
  size,
  hostOf = () => '127.0.0.1',
  slowness,
}: LoopbackOptions): Promise<Loopback> {
  const clock = systemClock;
  const random = seededRandom(size);
  const sockets: UdpSocket[] = [];
  for (let i = 0; i < size; i++) sockets.push(await bindUdp({ host: hostOf(i), port: 0 }));
  const places = sockets.map(({ localAddress }) => localAddress);
  const inhabitants = populate(places, crypto, random);
  const tables = fillTables(inhabitants, random);
  const chainOf = simulatedChains(clock.now(), crypto);
  const closers: (() => Promise<unknown>)[] = sockets.map((socket) => () => socket.close());

  for (const [i, self] of inhabitants.entries()) {
    const { kind, privateKey, host, port } = self;
    const socket = sockets[i] as UdpSocket;
    const delay = kind === 'slow' ? slowness : 0;
    answerDiscovery(self, {
      ...{ socket, crypto, random, clock },
      table: tables.get(self) ?? [],
      nowhere: () => Uint8Array.of(127, 0, 0, 1),
      delay: () => (kind === 'dead' ? undefined : delay),
    });
    if (kind === 'dead' || kind === 'closed') continue;
    if (kind === 'mute') {
      const server = createServer((connection) => connection.on('error', () => undefined));
      server.listen({ host, port });
      await once(server, 'listening');
      closers.push(async () => server.close());
      continue;
    }
    const { id: publicKey } = self;
    const listener = await listen({
      ...{ privateKey, publicKey, host, port, crypto, clock },
      onStream: (stream) => serveVisitor(self, stream, { clock, chain: chainOf(self), delay }),
    });
    closers.push(() => listener.close());
  }
  const boot = inhabitants.find(({ kind }) => kind === 'synced');
  if (!boot) throw new Error('nobody to begin with');
  return {
    inhabitants,
    bootnode: enodeOf(boot),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

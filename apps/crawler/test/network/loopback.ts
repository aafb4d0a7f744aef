import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { systemClock as clock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { bindUdp } from '@devp2p/discover/udp';
import { listen } from '@devp2p/rlpx/tcp';
import { seededRandom } from '../../../../packages/discover/test/simulated-network.ts';
import { fillTables, type Inhabitant, type Kind, mixed, populate } from './population.ts';
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
export async function startLoopback(options: LoopbackOptions): Promise<Loopback> {
  const { size, slowness, hostOf = () => '127.0.0.1' } = options;
  const random = seededRandom(size);
  const closers: (() => Promise<unknown>)[] = [];
  const inhabitants: Inhabitant[] = [];
  const chainOf = simulatedChains(clock.now(), crypto);
  const delayOf = ({ kind }: Inhabitant) => (kind === 'slow' ? slowness : 0);

  const sites = [];
  for (let i = 0; i < size; i++) {
    const host = hostOf(i);
    const privateKey = random(32);
    const socket = await bindUdp({ host, port: 0 });
    const { port: tcp, close } = await openTcp(mixed(i), host, privateKey, (stream) => {
      const self = inhabitants[i];
      if (self) serveVisitor(self, stream, { clock, chain: chainOf(self), delay: delayOf(self) });
    });
    closers.push(close, () => socket.close());
    sites.push({ socket, place: { host, port: socket.localAddress.port, tcp, privateKey } });
  }
  const places = sites.map(({ place }) => place);
  inhabitants.push(...populate(places, crypto, random));
  const tables = fillTables(inhabitants, random);
  for (const [i, { socket }] of sites.entries()) {
    const self = inhabitants[i] as Inhabitant;
    answerDiscovery(self, {
      ...{ socket, crypto, random, clock },
      table: tables.get(self) ?? [],
      nowhere: () => Uint8Array.of(127, 0, 0, 1),
      delay: () => (self.kind === 'dead' ? undefined : delayOf(self)),
    });
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

type OnStream = Parameters<typeof listen>[0]['onStream'];

/** Opens the port that such a node has. */
async function openTcp(
  kind: Kind,
  host: string,
  privateKey: Uint8Array,
  onStream: OnStream,
): Promise<{ readonly port: number; readonly close: () => Promise<unknown> }> {
  // Nobody listens on the first of all ports.
  if (kind === 'dead' || kind === 'closed') return { port: 1, close: async () => undefined };
  if (kind === 'mute') {
    const server = createServer((connection) => connection.on('error', () => undefined));
    server.listen({ host, port: 0 });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { port, close: async () => server.close() };
  }
  const publicKey = crypto.secp256k1.publicKey(privateKey);
  const listener = await listen({ privateKey, publicKey, host, port: 0, crypto, clock, onStream });
  return { port: listener.address.port, close: () => listener.close() };
}

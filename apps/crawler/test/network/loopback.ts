import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { systemClock as clock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { bindUdp } from '@devp2p/discover/udp';
import { createSeededRandom } from '@devp2p/random/seeded';
import { listen } from '@devp2p/rlpx/tcp';
import { fillTables, type Kind, mixedKind, populate, type SimulatedNode } from './population.ts';
import { enodeOf } from './simulation.ts';
import { servePeer, simulatedChains } from './tcp-side.ts';
import { answerDiscovery } from './udp-side.ts';

export interface LoopbackOptions {
  readonly size: number;
  /** IP address of each node. @default 127.0.0.1 */
  readonly hostOf?: (index: number) => string;
  /** Milliseconds before each answer of slow nodes. */
  readonly slowness: number;
}

/** A network of nodes on loopback sockets. */
export interface Loopback extends AsyncDisposable {
  readonly nodes: readonly SimulatedNode[];
  /** `enode://` URL of a synced node. */
  readonly bootnode: string;
}

/** Starts a network on real sockets, in which no node starts or stops later. */
export async function startLoopback(options: LoopbackOptions): Promise<Loopback> {
  const { size, slowness, hostOf = () => '127.0.0.1' } = options;
  const random = createSeededRandom(size).bytes;
  const closers: (() => Promise<unknown>)[] = [];
  const nodes: SimulatedNode[] = [];
  const chainOf = simulatedChains(clock.now(), crypto);
  const delayOf = ({ kind }: SimulatedNode) => (kind === 'slow' ? slowness : 0);

  const sites = [];
  for (let i = 0; i < size; i++) {
    const host = hostOf(i);
    const privateKey = random(32);
    const socket = await bindUdp({ host, port: 0 });
    const { port: tcp, close } = await openTcp(mixedKind(i), host, privateKey, (stream) => {
      const self = nodes[i];
      if (self) servePeer(self, stream, { clock, chain: chainOf(self), delay: delayOf(self) });
    });
    closers.push(close, () => socket.close());
    sites.push({ socket, address: { host, port: socket.localAddress.port, tcp, privateKey } });
  }
  const addresses = sites.map(({ address }) => address);
  nodes.push(...populate(addresses, crypto, random));
  const tables = fillTables(nodes, random);
  for (const [i, { socket }] of sites.entries()) {
    const self = nodes[i] as SimulatedNode;
    answerDiscovery(self, {
      socket,
      crypto,
      random,
      clock,
      table: tables.get(self) ?? [],
      unusedIp: () => Uint8Array.of(127, 0, 0, 1),
      delay: () => (self.kind === 'dead' ? undefined : delayOf(self)),
    });
  }
  const boot = nodes.find(({ kind }) => kind === 'synced');
  if (!boot) throw new Error('no synced node');
  return {
    nodes,
    bootnode: enodeOf(boot),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

type OnStream = Parameters<typeof listen>[0]['onStream'];

/** Opens the TCP port of a node of this kind. */
async function openTcp(
  kind: Kind,
  host: string,
  privateKey: Uint8Array,
  onStream: OnStream,
): Promise<{ readonly port: number; readonly close: () => Promise<unknown> }> {
  // Nothing listens on port 1.
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

import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import type { UdpEndpoint, UdpSocket } from '@devp2p/discover';
import type { Enode } from '@devp2p/enr';
import type { RandomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';
import { cheapCrypto } from '../../discover/test/cheap-crypto.ts';
import { SimulatedNetwork, type SimulatedNetworkOptions } from '../../discover/test/simulated-network.ts';
import { createDiscv4, type Discv4, type Discv4Options } from '../src/index.ts';
import { RawPeer } from './raw.ts';

/** Options of a node that sends responses alone. */
export const quiet: Partial<Discv4Options> = { pingInterval: 1e12, refreshInterval: 1e12 };

/** Network on a virtual clock, and its nodes. */
export class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly network: SimulatedNetwork;
  readonly crypto: Crypto;
  readonly random: RandomBytes = createSeededRandom(7).bytes;
  readonly nodes: Discv4[] = [];
  #hosts = 0;

  constructor({ crypto = cheapCrypto, ...options }: Partial<SimulatedNetworkOptions> & { crypto?: Crypto } = {}) {
    this.crypto = crypto;
    this.network = new SimulatedNetwork({ clock: this.clock, ...options });
  }

  /** Returns an unused address in an unused /24. */
  nextHost(): string {
    const n = ++this.#hosts;
    return `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.9`;
  }

  /** Starts a node. */
  async node({
    host = this.nextHost(),
    port = 30303,
    socket = this.network.bind(host, port),
    ...options
  }: Partial<Discv4Options> & {
    host?: string;
    port?: number;
    socket?: UdpSocket | UdpEndpoint;
  } = {}): Promise<Discv4> {
    const { clock, crypto, random } = this;
    const privateKey = random(32);
    const node = await createDiscv4(socket, { privateKey, clock, crypto, random, ...options });
    this.nodes.push(node);
    return node;
  }

  /** Binds a peer that may send any packet. */
  peer({
    host = this.nextHost(),
    port = 30303,
    privateKey = this.random(32),
  }: {
    host?: string;
    port?: number;
    privateKey?: Uint8Array;
  } = {}): RawPeer {
    const { clock, crypto } = this;
    return new RawPeer({ socket: this.network.bind(host, port), privateKey, crypto, clock });
  }

  /** Lets time pass until sent packets and their responses have arrived. */
  async settle(): Promise<void> {
    await this.clock.advance(100);
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.nodes.map((node) => node.close()));
    await this.clock.advance(0);
    await closing;
  }
}

/** Returns the enode of a node. */
export function enodeOf(node: Discv4 | RawPeer): Enode {
  const { host, port } = 'localAddress' in node ? node.localAddress : node.address;
  return { id: node.id, host, tcp: port, udp: port };
}

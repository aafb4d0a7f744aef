import { type VirtualClock, virtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import type { UdpEndpoint, UdpSocket } from '@devp2p/discover';
import type { Enode } from '@devp2p/enr';
import type { RandomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';
import { cheapCrypto } from '../../discover/test/cheap-crypto.ts';
import {
  SimulatedNetwork,
  type SimulatedNetworkOptions,
} from '../../discover/test/simulated-network.ts';
import { createDiscv4, type Discv4, type Discv4Options } from '../src/index.ts';
import { RawPeer } from './raw.ts';

/** Options of a node that speaks only when it is spoken to. */
export const quiet: Partial<Discv4Options> = { pingInterval: 1e12, refreshInterval: 1e12 };

/** A network on a virtual clock, and the nodes in it. */
export class World {
  readonly clock: VirtualClock = virtualClock();
  readonly network: SimulatedNetwork;
  readonly crypto: Crypto;
  readonly random: RandomBytes = createSeededRandom(7).bytes;
  readonly nodes: Discv4[] = [];
  #hosts = 0;

  constructor({
    crypto = cheapCrypto,
    ...options
  }: Partial<SimulatedNetworkOptions> & { crypto?: Crypto } = {}) {
    this.crypto = crypto;
    this.network = new SimulatedNetwork({ clock: this.clock, ...options });
  }

  /** An address that no other node has, in a /24 of its own. */
  nextHost(): string {
    const n = ++this.#hosts;
    return `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.9`;
  }

  /** A node on the internet, known to be there only to those who are told. */
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

  /** Somebody hostile, or at least free to do anything. */
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

  /** Lets packets that are under way arrive, and answers to them. */
  async settle(): Promise<void> {
    await this.clock.advance(100);
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.nodes.map((node) => node.close()));
    await this.clock.advance(0);
    await closing;
  }
}

/** Where a node is, for others to begin with. */
export function enodeOf(node: Discv4 | RawPeer): Enode {
  const { host, port } = 'localAddress' in node ? node.localAddress : node.address;
  return { id: node.id, host, tcp: port, udp: port };
}

import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { growingChain, networkId } from './chains.ts';
import { kindOf } from './kinds.ts';
import { type SimulatedNode, startNode } from './node.ts';

/** Number of concurrent pings while the tables are filled. */
const concurrency = 64;

/** Number of nodes that each node pings per distance; it is pinged by about the same number. */
const nodesPerDistance = 6;

/** Options of {@link startNetwork}. */
export interface NetworkOptions {
  readonly nodes: number;
  /** Whether the network has all kinds of nodes instead of honest ones only. */
  readonly mixed: boolean;
  /** Called with the share of completed pings, up to 1. */
  readonly onProgress?: (share: number) => void;
}

/** Starts a network and fills the tables of its nodes. The first node is honest. */
export async function startNetwork({ nodes: count, mixed, onProgress }: NetworkOptions): Promise<SimulatedNode[]> {
  const chains = {
    ours: growingChain(networkId, crypto),
    foreign: growingChain(networkId + 1n, crypto),
  };
  const nodes: SimulatedNode[] = [];
  for (let number = 0; number < count; number++) {
    const kind = kindOf(number, mixed);
    const host = hostOf(number);
    const privateKey = crypto.keccak256(new TextEncoder().encode(host));
    const chain = kind === 'foreign' ? chains.foreign : chains.ours;
    nodes.push(await startNode({ kind, host, privateKey, crypto, chain }));
  }
  const pairs = choosePairs(nodes);
  let done = 0;
  const worker = async () => {
    for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
      await ping(...pair);
      onProgress?.(++done / (done + pairs.length));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  await Promise.all(nodes.filter(({ kind }) => kind === 'dead').map((node) => node.close()));
  return nodes;
}

type Pair = readonly [SimulatedNode, SimulatedNode];

/**
 * Returns the pairs of nodes in each other's table, as in a network that has run for long: some at each distance, and
 * all of the nearest. Lookups would take long with empty tables.
 */
function choosePairs(nodes: readonly SimulatedNode[]): Pair[] {
  const places = nodes.map(({ discovery: { id } }) => new DataView(crypto.keccak256(id).buffer).getUint32(0));
  const pairs = new Map<string, Pair>();
  nodes.forEach((node, self) => {
    const counts = new Array<number>(33).fill(0);
    for (let step = 1; step < nodes.length; step++) {
      const index = (self + step) % nodes.length;
      const distance = Math.clz32((places[self] as number) ^ (places[index] as number));
      const count = counts[distance] ?? 0;
      if (count === nodesPerDistance) continue;
      counts[distance] = count + 1;
      const [first, second] = [Math.min(self, index), Math.max(self, index)];
      pairs.set(`${first} ${second}`, [node, nodes[index] as SimulatedNode]);
    }
  });
  return [...pairs.values()];
}

/** Pings one node from the other; the endpoint proof in both directions adds each to the table of the other. */
async function ping({ discovery: one }: SimulatedNode, { discovery: other }: SimulatedNode) {
  const { id, localAddress } = other;
  await one.ping({ id, host: localAddress.host, udp: localAddress.port });
}

/** Returns an address on loopback. Each has its own /24, since discovery limits nodes per /24. */
function hostOf(number: number): string {
  return `127.${1 + (number >> 8)}.${number & 255}.1`;
}

import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { growingChain, networkId } from './chains.ts';
import { kindOf } from './kinds.ts';
import { type SimulatedNode, startNode } from './node.ts';

/** How many nodes get to know each other at the same time. */
const lanes = 64;

/** How many others a node looks up at each distance; as many again come to it by themselves. */
const acquaintances = 6;

/** What a network is made with. */
export interface NetworkOptions {
  readonly nodes: number;
  /** Whether there are others than honest ones. */
  readonly mixed: boolean;
  /** Told which share of them know each other, up to 1. */
  readonly onProgress?: (share: number) => void;
}

/** Starts a network whose nodes know each other. The first one is honest. */
export async function startNetwork({
  nodes: count,
  mixed,
  onProgress,
}: NetworkOptions): Promise<SimulatedNode[]> {
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
  const pairs = acquaint(nodes);
  let met = 0;
  const lane = async () => {
    for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
      await meet(...pair);
      onProgress?.(++met / (met + pairs.length));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await Promise.all(nodes.filter(({ kind }) => kind === 'dead').map((node) => node.close()));
  return nodes;
}

type Pair = readonly [SimulatedNode, SimulatedNode];

/**
 * Who knows whom when a network has been there for long: some at each distance, the nearest ones all. Without any
 * lookups, which take long as long as nobody knows anybody.
 */
function acquaint(nodes: readonly SimulatedNode[]): Pair[] {
  const places = nodes.map(({ discovery: { id } }) =>
    new DataView(crypto.keccak256(id).buffer).getUint32(0),
  );
  const pairs = new Map<string, Pair>();
  nodes.forEach((node, self) => {
    const counts = new Array<number>(33).fill(0);
    for (let step = 1; step < nodes.length; step++) {
      const index = (self + step) % nodes.length;
      const distance = Math.clz32((places[self] as number) ^ (places[index] as number));
      const count = counts[distance] ?? 0;
      if (count === acquaintances) continue;
      counts[distance] = count + 1;
      const [first, second] = [Math.min(self, index), Math.max(self, index)];
      pairs.set(`${first} ${second}`, [node, nodes[index] as SimulatedNode]);
    }
  });
  return [...pairs.values()];
}

/** One pings the other, is pinged back, and both are in the other's table. */
async function meet({ discovery: one }: SimulatedNode, { discovery: other }: SimulatedNode) {
  const { id, localAddress } = other;
  await one.ping({ id, host: localAddress.host, udp: localAddress.port });
}

/** An address on loopback; each has a /24 of its own, since those who look for nodes count by these. */
function hostOf(number: number): string {
  return `127.${1 + (number >> 8)}.${number & 255}.1`;
}

import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Enr, signEnr } from '@devp2p/enr';
import type { RandomBytes } from '@devp2p/random';
import type { NodeStatus } from '../../src/index.ts';

/** Kinds of nodes: percentage in the network, and the furthest step that a visit really can reach. */
export const kinds = {
  /** On the requested chain, with a current head. */
  synced: { share: 51, truth: 'synced' },
  /** As `synced`, but each answer takes seconds. */
  slow: { share: 6, truth: 'synced' },
  /** As `synced`, but reports neighbors that do not exist, and existing ones at wrong addresses. */
  liar: { share: 3, truth: 'synced' },
  /** On the requested chain, with a head of last week. */
  stale: { share: 5, truth: 'chain' },
  /** On another chain. */
  foreign: { share: 9, truth: 'status' },
  /** Supports another protocol than eth. */
  other: { share: 3, truth: 'hello' },
  /** Sends Disconnect, too many peers, instead of Hello. */
  full: { share: 9, truth: 'authenticated' },
  /** Accepts connections and sends nothing. */
  mute: { share: 2, truth: 'tcp' },
  /** Answers over UDP, but refuses connections. */
  closed: { share: 2, truth: 'bonded' },
  /** In the tables of other nodes, but does not exist. */
  dead: { share: 8, truth: 'discovered' },
  /** Stops, or starts, during the crawl, so it may be found or not. */
  stopping: { share: 1, truth: 'synced' },
  starting: { share: 1, truth: 'synced' },
} as const satisfies Record<string, { readonly share: number; readonly truth: NodeStatus }>;

export type Kind = keyof typeof kinds;

/** A node of the simulated network. */
export interface SimulatedNode {
  readonly kind: Kind;
  readonly id: Uint8Array;
  /** The id as hex. */
  readonly key: string;
  readonly privateKey: Uint8Array;
  readonly host: string;
  readonly udp: number;
  readonly tcp: number;
  readonly enr: Enr;
  /** First 32 bits of the hash of its id. */
  readonly position: number;
  /** Supported version of eth. */
  readonly ethVersion: number;
}

const mix = Object.entries(kinds).flatMap(([kind, { share }]) => new Array<Kind>(share).fill(kind as Kind));

/** Returns the kind of a node so that each kind has its share. 37 is coprime to 100, so all of the mix is used. */
export function mixedKind(index: number): Kind {
  return mix[(index * 37) % 100] ?? 'synced';
}

/** Address of a node, and the values that differ from the default. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** @default the same as `port` */
  readonly tcp?: number;
  /** @default random */
  readonly privateKey?: Uint8Array;
  /** Sequence number of its record. @default 1n */
  readonly seq?: bigint;
}

/** Returns public addresses. One in ten is the address of another node, with another port. */
export function publicAddresses(size: number): NodeAddress[] {
  return Array.from({ length: size }, (_, i) => {
    const isShared = i % 10 === 9;
    const n = isShared ? i - 1 : i;
    const host = `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.9`;
    return { host, port: isShared ? 30304 : 30303 };
  });
}

/** Creates the nodes of a network, one at each address. */
export function populate(
  addresses: readonly NodeAddress[],
  crypto: Crypto,
  random: RandomBytes,
  kindOf: (index: number) => Kind = mixedKind,
): SimulatedNode[] {
  return addresses.map(({ host, port: udp, tcp = udp, privateKey = random(32), seq }, i) => {
    const id = crypto.secp256k1.publicKey(privateKey);
    const enr = signEnr({ ip: host, udp, tcp }, privateKey, { crypto, seq });
    return {
      kind: kindOf(i),
      id,
      key: toHex(id),
      privateKey,
      host,
      udp,
      tcp,
      enr,
      position: positionOf(crypto.keccak256(id)),
      ethVersion: 68 + (i % 3),
    };
  });
}

/** Nodes in a bucket. */
const bucketSize = 16;

/** Returns a Kademlia table for each node: up to 16 random nodes at each distance. */
export function fillTables(nodes: readonly SimulatedNode[], random: RandomBytes): Map<SimulatedNode, SimulatedNode[]> {
  const tables = new Map<SimulatedNode, SimulatedNode[]>();
  for (const self of nodes) {
    const loads = new Array<number>(33).fill(0);
    const table: SimulatedNode[] = [];
    const start = new DataView(random(4).buffer).getUint32(0);
    for (let i = 0; i < nodes.length; i++) {
      const other = nodes[(start + i) % nodes.length] as SimulatedNode;
      if (other === self) continue;
      const depth = Math.clz32(self.position ^ other.position);
      if ((loads[depth] ?? 0) >= bucketSize) continue;
      loads[depth] = (loads[depth] ?? 0) + 1;
      table.push(other);
    }
    tables.set(self, table);
  }
  return tables;
}

/** Returns the nodes of a table that are closest to a position. */
export function closest(table: readonly SimulatedNode[], position: number): SimulatedNode[] {
  return table
    .map((node) => ({ node, distance: (node.position ^ position) >>> 0 }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, bucketSize)
    .map(({ node }) => node);
}

export function positionOf(hash: Uint8Array): number {
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0);
}

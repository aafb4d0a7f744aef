import type { Crypto, RandomBytes } from '@devp2p/crypto';
import { type Enr, signEnr, toHex } from '@devp2p/enr';
import type { NodeStatus } from '../../src/index.ts';

/** What kinds of nodes there are, how many of a hundred are of each, and what a visit of one can truly come to. */
export const kinds = {
  /** On the chain that is asked for, with the head of this moment. */
  synced: { share: 51, truth: 'synced' },
  /** The same, but each of its answers takes seconds. */
  slow: { share: 6, truth: 'synced' },
  /** The same, but it names neighbours that are not there, and others where they are not. */
  liar: { share: 3, truth: 'synced' },
  /** On the chain, with a head of last week. */
  stale: { share: 5, truth: 'chain' },
  /** On another chain. */
  foreign: { share: 9, truth: 'status' },
  /** Speaks another protocol than eth. */
  other: { share: 3, truth: 'hello' },
  /** Has too many peers, and says so instead of Hello. */
  full: { share: 9, truth: 'authenticated' },
  /** Takes connections and does not say a word. */
  mute: { share: 2, truth: 'tcp' },
  /** Answers over UDP, but takes no connections. */
  closed: { share: 2, truth: 'bonded' },
  /** In the tables of others, but not there. */
  dead: { share: 8, truth: 'discovered' },
  /** Goes away, or comes, in the course of the crawl; it may be found or not. */
  leaving: { share: 1, truth: 'synced' },
  coming: { share: 1, truth: 'synced' },
} as const satisfies Record<string, { readonly share: number; readonly truth: NodeStatus }>;

export type Kind = keyof typeof kinds;

/** Somebody in the simulated network. */
export interface Inhabitant {
  readonly kind: Kind;
  readonly id: Uint8Array;
  /** The id as hex. */
  readonly key: string;
  readonly privateKey: Uint8Array;
  readonly host: string;
  readonly udp: number;
  readonly tcp: number;
  readonly enr: Enr;
  /** The beginning of its place in the overlay, as a number. */
  readonly place: number;
  /** Which version of eth it speaks. */
  readonly ethVersion: number;
}

const mix = Object.entries(kinds).flatMap(([kind, { share }]) =>
  new Array<Kind>(share).fill(kind as Kind),
);

/** As many of each kind as its share says. A number without a factor in common with 100 goes through all of the mix. */
export function mixed(index: number): Kind {
  return mix[(index * 37) % 100] ?? 'synced';
}

/** Where somebody is; what is left out is the same port, and a key of its own. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly tcp?: number;
  readonly privateKey?: Uint8Array;
  /** Sequence number of its record. @default 1n */
  readonly seq?: bigint;
}

/** Addresses on an internet. One in ten is another's, with another port. */
export function internetPlaces(size: number): Place[] {
  return Array.from({ length: size }, (_, i) => {
    const isGuest = i % 10 === 9;
    const n = isGuest ? i - 1 : i;
    const host = `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.9`;
    return { host, port: isGuest ? 30304 : 30303 };
  });
}

/** Makes the people of a network, one at each place. */
export function populate(
  places: readonly Place[],
  crypto: Crypto,
  random: RandomBytes,
  kindOf: (index: number) => Kind = mixed,
): Inhabitant[] {
  return places.map(({ host, port: udp, tcp = udp, privateKey = random(32), seq }, i) => {
    const id = crypto.secp256k1.publicKey(privateKey);
    const enr = signEnr({ ip: host, udp, tcp }, privateKey, { crypto, seq });
    return {
      kind: kindOf(i),
      ...{ id, key: toHex(id), privateKey, host, udp, tcp, enr },
      place: placeOf(crypto.keccak256(id)),
      ethVersion: 68 + (i % 3),
    };
  });
}

/** Nodes of one bucket. */
const bucketSize = 16;

/** Fills everybody's table as Kademlia would: up to 16 nodes at each distance, chosen by chance. */
export function fillTables(
  inhabitants: readonly Inhabitant[],
  random: RandomBytes,
): Map<Inhabitant, Inhabitant[]> {
  const tables = new Map<Inhabitant, Inhabitant[]>();
  for (const self of inhabitants) {
    const loads = new Array<number>(33).fill(0);
    const table: Inhabitant[] = [];
    const start = new DataView(random(4).buffer).getUint32(0);
    for (let i = 0; i < inhabitants.length; i++) {
      const other = inhabitants[(start + i) % inhabitants.length] as Inhabitant;
      if (other === self) continue;
      const depth = Math.clz32(self.place ^ other.place);
      if ((loads[depth] ?? 0) >= bucketSize) continue;
      loads[depth] = (loads[depth] ?? 0) + 1;
      table.push(other);
    }
    tables.set(self, table);
  }
  return tables;
}

/** The nodes of a table that are nearest to a place. */
export function nearest(table: readonly Inhabitant[], place: number): Inhabitant[] {
  return table
    .map((node) => ({ node, distance: (node.place ^ place) >>> 0 }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, bucketSize)
    .map(({ node }) => node);
}

export function placeOf(hash: Uint8Array): number {
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0);
}

import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { createSeededRandom } from '@devp2p/random/seeded';
import { type AddrMan, type AddrManOptions, type AddrNode, type AddrSource, createAddrMan } from '../src/index.ts';

export const minute = 60_000;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;

/** Parses `a.b.c.d` or `a:b:…` with all eight groups. */
export function ip(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number);
  const groups = text.split(':').map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Returns the id of node number `n`. */
export function id(n: number): Uint8Array {
  const bytes = new Uint8Array(64).fill(0xa5);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

export function node(n: number, address: string, more: Partial<AddrNode> = {}): AddrNode {
  return { id: id(n), address: { ip: ip(address), tcp: 30303, udp: 30303 }, ...more };
}

/** Returns a node whose address has a /16 of its own, up to 20,000 of them. */
export function distinctNode(n: number): AddrNode {
  return node(n, `${11 + (n % 80)}.${Math.floor(n / 80) % 256}.7.1`);
}

export function peer(address: string): AddrSource {
  return { kind: 'peer', ip: ip(address) };
}

export interface World {
  readonly clock: VirtualClock;
  readonly book: AddrMan;
}

/** Creates an address manager on a virtual clock with deterministic random bytes. */
export function world({ seed = 1, ...options }: AddrManOptions & { seed?: number } = {}): World {
  const clock = createVirtualClock();
  return {
    clock,
    book: createAddrMan({ clock, random: createSeededRandom(seed).bytes, ...options }),
  };
}

/** Adds a node whose slot is free. */
export function known(book: AddrMan, n: number, source: AddrSource = peer('20.1.1.1')): Uint8Array {
  const one = distinctNode(n);
  if (book.add([one], source) !== 1) throw new Error(`no room for node ${n}`);
  return one.id;
}

/** Options with which all nodes share one tried slot. */
export const oneTriedSlot = { triedBuckets: 1, bucketSize: 1, newBuckets: 4096 } as const;

/** Adds nodes of different groups, from different sources, until there are `count` more. Returns their ids. */
export function populate(book: AddrMan, count: number): Uint8Array[] {
  const ids: Uint8Array[] = [];
  for (let n = 0; ids.length < count && n < 20_000; n++) {
    const one = distinctNode(n);
    if (book.add([one], peer(`${20 + (n % 70)}.${Math.floor(n / 70) % 256}.1.1`)) === 1) ids.push(one.id);
  }
  return ids;
}

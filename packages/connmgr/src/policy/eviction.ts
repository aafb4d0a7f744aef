import { createHmac } from 'node:crypto';

/** Input of {@link chooseEviction}. Times are in ms of one clock. */
export interface EvictionCandidate {
  readonly inbound: boolean;
  /** The connection is never evicted. */
  readonly noban: boolean;
  readonly connectedAt: number;
  /** Network group; '' for an address without one. */
  readonly group: string;
  /** From {@link keyGroups}. */
  readonly keyedGroup: string;
  /** Lowest round-trip time in ms; `undefined` before the first measurement. */
  readonly ping?: number | undefined;
  /** Time of the last useful transaction; `undefined` before the first. */
  readonly lastTransaction?: number | undefined;
  /** Time of the last useful block or response; `undefined` before the first. */
  readonly lastBlock?: number | undefined;
}

type Order = (a: EvictionCandidate, b: EvictionCandidate) => number;

const oldest: Order = (a, b) => a.connectedAt - b.connectedAt;
const latest =
  (property: 'lastTransaction' | 'lastBlock'): Order =>
  (a, b) =>
    compare(b[property] ?? Number.NEGATIVE_INFINITY, a[property] ?? Number.NEGATIVE_INFINITY);

/** Number of protected connections by each order. */
const protections: readonly (readonly [number, Order])[] = [
  [4, (a, b) => compare(b.keyedGroup, a.keyedGroup)],
  [8, (a, b) => compare(a.ping ?? Number.POSITIVE_INFINITY, b.ping ?? Number.POSITIVE_INFINITY)],
  [4, latest('lastTransaction')],
  [4, latest('lastBlock')],
];

/**
 * Chooses the connection that a new one replaces when all inbound slots are used; returns `undefined` if all are
 * protected. Connections are protected by properties that an attacker cannot easily have more of than other peers: a
 * network group whose rank it cannot predict, low latency, usefulness, uptime. Of the others, the youngest of the
 * largest network group is evicted. The rules and figures are Bitcoin Core's (`SelectNodeToEvict`), except that
 * protected connections count towards the size of their group: if the older connections of an attacker are protected,
 * its younger ones are still many, and are evicted before those of a peer that is alone in its group.
 */
export function chooseEviction<T extends EvictionCandidate>(candidates: readonly T[]): T | undefined {
  let remaining = candidates.filter(({ inbound, noban }) => inbound && !noban).sort(oldest);
  const sizes = new Map<string, number>();
  for (const { group } of remaining) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const size = ({ group }: T): number => sizes.get(group) ?? 0;

  for (const [count, order] of protections) {
    // Sorting is stable, so that the oldest of equal candidates are protected.
    const kept = new Set(remaining.toSorted(order).slice(0, count));
    remaining = remaining.filter((candidate) => !kept.has(candidate));
  }
  remaining = remaining.slice(Math.floor(remaining.length / 2));

  let victim: T | undefined;
  for (const candidate of remaining) {
    // The younger comes later, and of groups of equal size the one with the youngest member is chosen.
    if (victim === undefined || size(candidate) >= size(victim)) victim = candidate;
  }
  return victim;
}

/** Maps network groups to an order that is unpredictable without the key. */
export function keyGroups(key: Uint8Array): (group: string) => string {
  return (group) => createHmac('sha256', key).update(group).digest('hex');
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { createHmac } from 'node:crypto';

/** What eviction looks at. Times are ms of one clock. */
export interface EvictionCandidate {
  readonly inbound: boolean;
  /** Never evicted. */
  readonly noban: boolean;
  readonly connectedAt: number;
  /** Network group, '' for none. */
  readonly group: string;
  /** From {@link keyGroups}. */
  readonly keyedGroup: string;
  /** Lowest round trip seen, in ms; `undefined` before the first. */
  readonly ping?: number | undefined;
  /** When it last gave us a transaction, block or response that we had a use for; `undefined` for never. */
  readonly lastTransaction?: number | undefined;
  readonly lastBlock?: number | undefined;
}

type Order = (a: EvictionCandidate, b: EvictionCandidate) => number;

const oldest: Order = (a, b) => a.connectedAt - b.connectedAt;
const latest =
  (property: 'lastTransaction' | 'lastBlock'): Order =>
  (a, b) =>
    compare(b[property] ?? Number.NEGATIVE_INFINITY, a[property] ?? Number.NEGATIVE_INFINITY);

/** How many are kept, and who comes first. */
const PROTECTED: readonly (readonly [number, Order])[] = [
  [4, (a, b) => compare(b.keyedGroup, a.keyedGroup)],
  [8, (a, b) => compare(a.ping ?? Number.POSITIVE_INFINITY, b.ping ?? Number.POSITIVE_INFINITY)],
  [4, latest('lastTransaction')],
  [4, latest('lastBlock')],
];

/**
 * Who gives way to a newcomer when every inbound place is taken, if anybody does. Those are kept who have something
 * that an attacker cannot easily have more of than everybody else: a place in networks that he cannot foresee, nearness,
 * usefulness, age. Of the others the youngest of the largest network group goes. The rules and figures are Bitcoin
 * Core's (`SelectNodeToEvict`) but for the size of a group, to which those who are kept count here: where an attacker's
 * older connections are kept, his younger ones are still many, and go before those of somebody who is alone.
 */
export function chooseEviction<T extends EvictionCandidate>(
  candidates: readonly T[],
): T | undefined {
  let left = candidates.filter(({ inbound, noban }) => inbound && !noban).sort(oldest);
  const sizes = new Map<string, number>();
  for (const { group } of left) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const size = ({ group }: T): number => sizes.get(group) ?? 0;

  for (const [count, order] of PROTECTED) {
    // Sorting is stable, so that of equals the oldest are kept.
    const kept = new Set(left.toSorted(order).slice(0, count));
    left = left.filter((candidate) => !kept.has(candidate));
  }
  left = left.slice(Math.floor(left.length / 2));

  let victim: T | undefined;
  for (const candidate of left) {
    // The younger comes later, and of groups of one size the one with the youngest member is taken.
    if (victim === undefined || size(candidate) >= size(victim)) victim = candidate;
  }
  return victim;
}

/** Network groups in an order that nobody can foresee who does not know the key. */
export function keyGroups(key: Uint8Array): (group: string) => string {
  return (group) => createHmac('sha256', key).update(group).digest('hex');
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { toHex } from '@devp2p/bytes';
import type { BlockConditions, PendingTransaction } from '../txpool/transaction-source.ts';

/** Limits of the list, beyond those of any block, since some of its transactions may fail. */
const maxTransactions = 10_000;
const maxBytes = 16 * 1024 * 1024;

/** A transaction with its place among those of all senders. */
interface Placed {
  readonly pending: PendingTransaction;
  readonly isLocal: boolean;
  readonly tip: bigint;
  readonly arrival: number;
}

/**
 * Orders transactions by the tips that they pay, those of one sender by nonce, and the local ones first: the next one is
 * always that of the sender whose next transaction pays the highest tip, the earlier one of two equal ones.
 *
 * A transaction that does not pay enough is left out with the later ones of its sender.
 */
export function orderTransactions(
  pending: Iterable<PendingTransaction>,
  conditions: BlockConditions,
): readonly PendingTransaction[] {
  const placed: Placed[] = [];
  for (const transactions of bySender(pending).values()) placed.push(...placesOf(transactions, conditions));
  // Stable, so that transactions of one sender stay in order where their places are equal.
  placed.sort((a, b) => {
    if (a.isLocal !== b.isLocal) return a.isLocal ? -1 : 1;
    if (a.tip !== b.tip) return a.tip > b.tip ? -1 : 1;
    return a.arrival - b.arrival;
  });
  const ordered: PendingTransaction[] = [];
  let bytes = 0;
  for (const { pending: next } of placed) {
    bytes += next.raw.length;
    if (ordered.length >= maxTransactions || bytes > maxBytes) break;
    ordered.push(next);
  }
  return ordered;
}

interface Arrived {
  readonly pending: PendingTransaction;
  readonly arrival: number;
}

function bySender(pending: Iterable<PendingTransaction>): Map<string, Arrived[]> {
  const senders = new Map<string, Arrived[]>();
  let arrival = 0;
  for (const one of pending) {
    const key = toHex(one.sender);
    const list = senders.get(key) ?? [];
    senders.set(key, list);
    list.push({ pending: one, arrival: arrival++ });
  }
  return senders;
}

/**
 * The places of one sender's transactions. A transaction can be included after those with lower nonces alone, so it has
 * the place of the one among them that pays least: it follows that one at once if it pays more.
 */
function placesOf(transactions: Arrived[], conditions: BlockConditions): Placed[] {
  transactions.sort((a, b) => compare(a.pending.nonce, b.pending.nonce));
  const isLocal = transactions.some(({ pending }) => pending.isLocal);
  const placed: Placed[] = [];
  for (const { pending, arrival } of transactions) {
    const tip = tipOf(pending, conditions);
    if (tip === undefined) break;
    const before = placed.at(-1);
    if (before === undefined || tip < before.tip) placed.push({ pending, isLocal, tip, arrival });
    else {
      const later = tip === before.tip ? Math.max(arrival, before.arrival) : before.arrival;
      placed.push({ pending, isLocal, tip: before.tip, arrival: later });
    }
  }
  return placed;
}

/** The tip per unit of gas; `undefined` for a transaction that cannot be included. */
function tipOf(pending: PendingTransaction, conditions: BlockConditions): bigint | undefined {
  const { feeCap, tipCap, gas } = pending;
  const { baseFee, minTip, gasCap } = conditions;
  if (gasCap !== undefined && gas > gasCap) return undefined;
  const tip = baseFee + tipCap > feeCap ? feeCap - baseFee : tipCap;
  return tip >= minTip && hasBlobs(pending, conditions) ? tip : undefined;
}

/** Whether a transaction has no blobs, or those of the version of the block. */
function hasBlobs({ blobs }: PendingTransaction, { blobFee, sidecarVersion }: BlockConditions): boolean {
  if (blobs === undefined) return true;
  return blobFee !== undefined && blobs.feeCap >= blobFee && blobs.version === sidecarVersion;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

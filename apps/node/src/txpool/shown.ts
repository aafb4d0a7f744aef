import { fromHex } from '@devp2p/bytes';
import type { BlobEntry } from './blob/blob-entry.ts';
import type { DroppedTransaction, EncodedPoolTransaction, PoolTransaction } from './interfaces.ts';
import type { PlainEntry } from './plain/plain-entry.ts';
import type { DroppedEntry, PlainPool } from './plain/plain-pool.ts';
import type { PendingTransaction } from './transaction-source.ts';

/** Entries of the pool as its users see them. */

export function shown(entry: PlainEntry): PoolTransaction {
  const { key, type, raw, nonce, feeCap, tipCap, isPending } = entry;
  const sender = fromHex(entry.account?.key ?? '');
  return { hash: fromHex(key), sender, type, size: raw.length, nonce, feeCap, tipCap, isPending };
}

export function encoded(entry: PlainEntry): EncodedPoolTransaction {
  return { ...shown(entry), raw: entry.raw };
}

export function shownBlob({ key, sender, nonce, feeCap, tipCap, size }: BlobEntry): PoolTransaction {
  return { hash: fromHex(key), sender: fromHex(sender), type: 3, size, nonce, feeCap, tipCap, isPending: true };
}

export function hashesOf(dropped: readonly DroppedEntry[]): DroppedTransaction[] {
  return dropped.map(({ entry, reason }) => ({ hash: fromHex(entry.key), reason }));
}

export function pendingOf(entry: PlainEntry, isLocal: boolean): PendingTransaction {
  const { key, raw, account, nonce, gas, feeCap, tipCap } = entry;
  return { hash: fromHex(key), raw, sender: fromHex(account?.key ?? ''), nonce, gas, feeCap, tipCap, isLocal };
}

/** Executable transactions in the order of their arrival; of each sender those up to the first that is not wanted. */
export function executable(plain: PlainPool, isWanted: (entry: PlainEntry) => boolean = () => true): PlainEntry[] {
  const entries: PlainEntry[] = [];
  for (const { pending } of plain.accounts.values()) {
    for (const entry of pending) {
      if (!isWanted(entry)) break;
      entries.push(entry);
    }
  }
  return entries.sort((a, b) => a.arrival - b.arrival);
}

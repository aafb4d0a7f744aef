import type { TransactionAnnouncement } from '@devp2p/eth';

/** Header and MACs of an RLPx frame. */
const frameOverhead = 48;

/** Lengths in bytes that messages of transactions take in RLPx, without Snappy: hashes and signatures do not shrink. */
export const messageLength = {
  transactions: (transactions: readonly Uint8Array[]): number => frame(list(sum(transactions, item))),
  announcement: ({ types, sizes, hashes }: TransactionAnnouncement): number =>
    frame(list(string(types.length) + list(sum(sizes, integer)) + list(33 * hashes.length))),
  request: (id: number, hashes: readonly Uint8Array[]): number => frame(list(integer(id) + list(33 * hashes.length))),
  response: (id: number, transactions: readonly Uint8Array[]): number =>
    frame(list(integer(id) + list(sum(transactions, item)))),
};

/** A transaction in a list: a typed one is a string. */
function item(transaction: Uint8Array): number {
  return (transaction[0] as number) < 0xc0 ? string(transaction.length) : transaction.length;
}

function integer(value: number): number {
  return value < 0x80 ? 1 : string(bytesOf(value));
}

function string(length: number): number {
  return length < 56 ? 1 + length : 1 + bytesOf(length) + length;
}

const list = string;

function bytesOf(value: number): number {
  return Math.ceil(Math.log2(value + 1) / 8);
}

function frame(payload: number): number {
  return frameOverhead + 16 * Math.ceil((1 + payload) / 16);
}

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const each of items) total += value(each);
  return total;
}

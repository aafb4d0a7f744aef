import { toHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import { orderTransactions } from '../../src/engine/order-transactions.ts';
import type { BlockConditions, PendingTransaction } from '../../src/txpool/transaction-source.ts';
import { signTransaction, type TransactionFields, testAccount } from '../execution/sign-transaction.ts';
import { pendingOf } from './given-transactions.ts';

const prices: BlockConditions = { baseFee: 10n, minTip: 1n, blobFee: 5n, sidecarVersion: 1 };
const to = new Uint8Array(20).fill(9);

/** A transaction of account `sender`; names in the tests are `sender.nonce`. */
function pending(
  sender: number,
  nonce: number,
  tip: number,
  fields: Partial<TransactionFields> = {},
  more: Partial<PendingTransaction> = {},
): PendingTransaction {
  const account = testAccount(sender);
  const raw = signTransaction(account, { chainId: 1n, nonce, to, tip: BigInt(tip), maxFee: 1000n, ...fields });
  return { ...pendingOf(raw), ...more };
}

const names = new Map([1, 2, 3, 4, 5].map((number) => [toHex(testAccount(number).address), number]));
const order = (list: PendingTransaction[], changes: Partial<BlockConditions> = {}): string =>
  orderTransactions(list, { ...prices, ...changes })
    .map(({ sender, nonce }) => `${names.get(toHex(sender))}.${nonce}`)
    .join(' ');

/** The order by its definition: again and again the best of the senders' next transactions. */
function slowly(list: readonly PendingTransaction[]): PendingTransaction[] {
  const left = list.map((one, arrival) => ({ one, arrival }));
  const ordered: PendingTransaction[] = [];
  while (left.length > 0) {
    const next = left.filter(
      ({ one }) => !left.some(({ one: other }) => other.sender === one.sender && other.nonce < one.nonce),
    );
    next.sort((a, b) => tipOf(b.one) - tipOf(a.one) || a.arrival - b.arrival);
    const best = next[0] as (typeof left)[number];
    ordered.push(best.one);
    left.splice(left.indexOf(best), 1);
  }
  return ordered;
}
const tipOf = ({ tipCap }: PendingTransaction): number => Number(tipCap);

describe('the order of transactions', () => {
  test('EN-31 by tip, and by nonce of each sender', () => {
    expect(order([pending(1, 0, 5), pending(2, 0, 7), pending(3, 0, 6)])).toBe('2.0 3.0 1.0');
    expect(order([pending(1, 1, 9), pending(1, 0, 1), pending(2, 0, 5)])).toBe('2.0 1.0 1.1');
    expect(order([pending(1, 0, 9), pending(1, 1, 2), pending(2, 0, 5), pending(2, 1, 4)])).toBe('1.0 2.0 2.1 1.1');
    // The earlier one of two equal ones.
    expect(order([pending(2, 0, 5), pending(1, 0, 5)])).toBe('2.0 1.0');
  });

  test('EN-31 the tip is limited by the maximum fee', () => {
    const capped = pending(1, 0, 500, { maxFee: 12n });
    const legacy = pending(2, 0, 0, { type: 0, maxFee: 14n });
    expect(order([capped, pending(3, 0, 3), legacy])).toBe('2.0 3.0 1.0');
  });

  test('EN-31 local ones come first', () => {
    const local = { isLocal: true };
    const list = [pending(1, 0, 50), pending(2, 0, 1, {}, local), pending(3, 0, 2), pending(3, 1, 2, {}, local)];
    expect(order(list)).toBe('3.0 3.1 2.0 1.0');
  });

  test('EN-31 one that does not pay enough is left out with the later ones of its sender', () => {
    const list = [pending(1, 0, 5), pending(1, 1, 0), pending(1, 2, 9), pending(2, 0, 9, { maxFee: 9n })];
    expect(order(list)).toBe('1.0');
    expect(order(list, { minTip: 6n })).toBe('');
    expect(order(list, { minTip: 0n })).toBe('1.0 1.1 1.2');
  });

  test('EN-31 blob transactions need all blobs, with proofs of the version of the block', () => {
    const hashes = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(1)];
    const withBlobs = (version: 0 | 1) => [
      pending(1, 0, 5, { type: 3, blobHashes: hashes }, { blobs: { count: 2, feeCap: 10n ** 9n, version } }),
      pending(1, 1, 5),
    ];
    expect(order(withBlobs(1))).toBe('1.0 1.1');
    expect(order(withBlobs(0))).toBe('');
    expect(order(withBlobs(0), { sidecarVersion: 0 })).toBe('1.0 1.1');
    expect(order(withBlobs(1), { blobFee: 10n ** 12n })).toBe('');
    expect(order(withBlobs(1), { blobFee: undefined })).toBe('');
  });

  test('EN-31 one above the gas limit of transactions is left out', () => {
    expect(order([pending(1, 0, 5, { gas: 50_000 }), pending(2, 0, 4)], { gasCap: 40_000 })).toBe('2.0');
  });

  test('EN-31 it is that of a choice of the best next transaction, step by step', () => {
    let seed = 1;
    const random = (limit: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % limit;
    };
    for (let round = 0; round < 300; round++) {
      const senders = [1, 2, 3, 4, 5].map((number) => testAccount(number).address);
      const nonces = [0, 0, 0, 0, 0];
      const list = Array.from({ length: 1 + random(14) }, (): PendingTransaction => {
        const at = random(5);
        const nonce = BigInt(nonces[at] as number);
        nonces[at] = Number(nonce) + 1;
        const tip = BigInt(1 + random(4));
        const sender = senders[at] as Uint8Array;
        return { hash: to, raw: to, sender, nonce, gas: 21_000, feeCap: 1000n, tipCap: tip, isLocal: false };
      });
      // They arrive in any order.
      list.sort(() => random(3) - 1);
      expect(orderTransactions(list, prices)).toEqual(slowly(list));
    }
  });

  test('EN-38 of a hundred thousand transactions ten thousand are tried', () => {
    const one = pending(1, 0, 5);
    const list = Array.from({ length: 100_000 }, (_, i): PendingTransaction => {
      const sender = new Uint8Array(20);
      new DataView(sender.buffer).setUint32(0, i);
      return { ...one, sender };
    });
    expect(orderTransactions(list, prices)).toHaveLength(10_000);
  });
});

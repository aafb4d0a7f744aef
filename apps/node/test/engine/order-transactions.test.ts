import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { describe, expect, test } from 'vitest';
import { createGivenTransactions } from '../../src/engine/given-transactions.ts';
import { orderTransactions, type TransactionPrices } from '../../src/engine/order-transactions.ts';
import type { BlobSidecar, PendingTransaction } from '../../src/engine/transaction-source.ts';
import { decodeTransaction } from '../../src/validation/decode-transaction.ts';
import { signTransaction, type TransactionFields, testAccount } from '../execution/sign-transaction.ts';

const prices: TransactionPrices = { baseFee: 10n, minTip: 1n, blobFee: 5n, sidecarVersion: 1 };
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
  return { transaction: decodeTransaction(raw), sender: account.address, isLocal: false, ...more };
}

const names = new Map([1, 2, 3, 4, 5].map((number) => [toHex(testAccount(number).address), number]));
const order = (list: PendingTransaction[], changes: Partial<TransactionPrices> = {}): string =>
  orderTransactions(list, { ...prices, ...changes })
    .map(({ sender, transaction }) => `${names.get(toHex(sender))}.${transaction.nonce}`)
    .join(' ');

/** The order by its definition: again and again the best of the senders' next transactions. */
function slowly(list: readonly PendingTransaction[]): PendingTransaction[] {
  const left = list.map((one, arrival) => ({ one, arrival }));
  const ordered: PendingTransaction[] = [];
  while (left.length > 0) {
    const next = left.filter(
      ({ one }) =>
        !left.some(({ one: other }) => other.sender === one.sender && other.transaction.nonce < one.transaction.nonce),
    );
    next.sort((a, b) => tipOf(b.one) - tipOf(a.one) || a.arrival - b.arrival);
    const best = next[0] as (typeof left)[number];
    ordered.push(best.one);
    left.splice(left.indexOf(best), 1);
  }
  return ordered;
}
const tipOf = ({ transaction }: PendingTransaction): number => Number(transaction.maxPriorityFeePerGas);

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
    const blobs = (changes: Partial<BlobSidecar> = {}): BlobSidecar => ({
      version: 1,
      blobs: [to, to],
      commitments: [to, to],
      proofs: Array(256).fill(to),
      ...changes,
    });
    const withBlobs = (sidecar: BlobSidecar | undefined) => [
      pending(1, 0, 5, { type: 3, blobHashes: hashes }, { sidecar }),
      pending(1, 1, 5),
    ];
    expect(order(withBlobs(blobs()))).toBe('1.0 1.1');
    expect(order(withBlobs(undefined))).toBe('');
    expect(order(withBlobs(blobs({ blobs: [to] })))).toBe('');
    expect(order(withBlobs(blobs({ commitments: [to] })))).toBe('');
    expect(order(withBlobs(blobs({ proofs: [to, to] })))).toBe('');
    const old = blobs({ version: 0, proofs: [to, to] });
    expect(order(withBlobs(old))).toBe('');
    expect(order(withBlobs(old), { sidecarVersion: 0 })).toBe('1.0 1.1');
    expect(order(withBlobs(blobs()), { blobFee: 10n ** 12n })).toBe('');
    expect(order(withBlobs(blobs()), { blobFee: undefined })).toBe('');
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
        const transaction = { raw: to, nonce, maxFeePerGas: 1000n, maxPriorityFeePerGas: tip };
        const sender = senders[at] as Uint8Array;
        return { transaction: transaction as PendingTransaction['transaction'], sender, isLocal: false };
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

describe('given transactions', () => {
  const raw = (nonce: number, value = 0n): Uint8Array =>
    signTransaction(testAccount(1), { chainId: 1n, nonce, to, value });
  const nonces = (source: ReturnType<typeof createGivenTransactions>): number[] =>
    [...source.pending()].map(({ transaction }) => Number(transaction.nonce));

  test('EN-31 are kept in their order, and replaced by sender and nonce', () => {
    const given = createGivenTransactions({ crypto });
    expect(given.add(raw(0))).toEqual(crypto.keccak256(raw(0)));
    given.add(raw(1));
    given.add(raw(0, 5n));
    expect(nonces(given)).toEqual([1, 0]);
    expect([...given.pending()][1]).toMatchObject({
      sender: testAccount(1).address,
      isLocal: true,
      transaction: { value: 5n },
    });
  });

  test('EN-38 are limited in number and in bytes', () => {
    const given = createGivenTransactions({ crypto, maxTransactions: 3 });
    for (let nonce = 0; nonce < 10; nonce++) given.add(raw(nonce));
    expect(nonces(given)).toEqual([7, 8, 9]);
    const small = createGivenTransactions({ crypto, maxBytes: 2.5 * raw(0).length });
    for (let nonce = 0; nonce < 10; nonce++) small.add(raw(nonce));
    expect(nonces(small)).toEqual([8, 9]);
  });

  test.each([
    ['no transaction', Uint8Array.of(0x02, 0xc0), 'transaction'],
    ['an unknown type', Uint8Array.of(0x7f, 0xc0), 'transaction'],
    [
      'a signature of zeros',
      signTransaction(testAccount(1), { chainId: 1n, nonce: 0, to }).fill(0, -64),
      'transaction',
    ],
  ])('EN-31 %s is refused', (_, wrong, code) => {
    const given = createGivenTransactions({ crypto });
    expect(() => given.add(wrong)).toThrow(expect.objectContaining({ code }));
    expect(nonces(given)).toEqual([]);
  });
});

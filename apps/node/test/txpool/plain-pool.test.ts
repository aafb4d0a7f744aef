import { describe, expect, test } from 'vitest';
import { PlainScene } from './plain-scene.ts';

const hour = 3_600_000;

describe('plain pool', () => {
  test('TP-10 executable transactions are pending, those after a gap are queued until it closes', () => {
    const scene = new PlainScene();
    expect(scene.add({ from: 'a', nonce: 0 })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 2 })).toBe('ok');
    expect(scene.nonces('a')).toBe('0 | 2');
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('ok');
    expect(scene.nonces('a')).toBe('0 1 2 |');
    expect(scene.announced).toEqual(['a/0/10/10', 'a/1/10/10', 'a/2/10/10']);
  });

  test('TP-10 an account has 64 in the queue, those with the lowest nonces', () => {
    const scene = new PlainScene();
    for (let nonce = 2; nonce < 66; nonce++) expect(scene.add({ from: 'a', nonce })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 66 })).toBe('account-limit');
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('ok');
    expect(scene.dropped).toEqual([['a/65/10/10', 'truncated']]);
    expect(scene.add({ from: 'a', nonce: 0 })).toBe('ok');
    expect(scene.pool.pendingCount).toBe(65);
  });

  test.each([
    ['the same prices', 100, 100, 'replacement'],
    ['9 % more', 109, 109, 'replacement'],
    ['10 % more fee only', 110, 100, 'replacement'],
    ['10 % more tip only', 109, 110, 'replacement'],
    ['10 % more', 110, 110, 'ok'],
  ])('TP-05 a transaction with %s: %i, %i', (_, feeCap, tipCap, result) => {
    for (const nonce of [0, 3]) {
      const scene = new PlainScene();
      scene.add({ from: 'a', nonce, feeCap: 100, tipCap: 100 });
      expect(scene.add({ from: 'a', nonce, feeCap, tipCap: Math.min(feeCap, tipCap) })).toBe(
        Math.min(feeCap, tipCap) < tipCap ? 'replacement' : result,
      );
      expect(scene.pool.size).toBe(1);
      expect(scene.dropped).toEqual(result === 'ok' ? [[`a/${nonce}/100/100`, 'replaced']] : []);
    }
  });

  test('TP-05 the bump is rounded down, and each price is strictly higher', () => {
    const scene = new PlainScene();
    scene.add({ from: 'a', feeCap: 5 });
    expect(scene.add({ from: 'a', feeCap: 5 })).toBe('replacement');
    expect(scene.add({ from: 'a', feeCap: 6 })).toBe('ok');
  });

  test('TP-04 the balance covers the transaction, and all pending ones together', () => {
    const scene = new PlainScene();
    scene.set('a', { balance: 1_000_000 });
    expect(scene.add({ from: 'a', nonce: 0, value: 800_000 })).toBe('balance');
    expect(scene.add({ from: 'a', nonce: 0, value: 300_000 })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 1, value: 300_000 })).toBe('overdraft');
    expect(scene.add({ from: 'a', nonce: 1, value: 280_000 })).toBe('ok');
    // Of a replacement the difference counts.
    expect(scene.add({ from: 'a', nonce: 1, feeCap: 11, value: 260_000 })).toBe('overdraft');
    expect(scene.add({ from: 'a', nonce: 1, feeCap: 11, value: 259_000 })).toBe('ok');
  });

  test('TP-07 a sender with code has one pending transaction without a gap, which can be replaced', () => {
    const scene = new PlainScene();
    scene.set('a', { hasCode: true });
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('nonce-gap');
    expect(scene.add({ from: 'a', nonce: 0 })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('delegated');
    expect(scene.add({ from: 'a', nonce: 0, feeCap: 20 })).toBe('ok');
  });

  test('TP-07 so has a sender that a pooled transaction delegates', () => {
    const scene = new PlainScene();
    expect(scene.add({ from: 'b', authorities: ['a'] })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('nonce-gap');
    expect(scene.add({ from: 'a', nonce: 0 })).toBe('ok');
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('delegated');
    scene.set('b', { nonce: 1 });
    scene.head();
    expect(scene.add({ from: 'a', nonce: 1 })).toBe('ok');
  });

  test('TP-07 an authority with more than one transaction, or with blobs, refuses a new delegation', () => {
    const scene = new PlainScene();
    scene.add({ from: 'a', nonce: 0 });
    expect(scene.add({ from: 'b', nonce: 0, authorities: ['a'] })).toBe('ok');
    scene.add({ from: 'c', nonce: 0 });
    scene.add({ from: 'c', nonce: 5 });
    expect(scene.add({ from: 'b', nonce: 1, authorities: ['c'] })).toBe('authority');
    scene.reservations.hold('d', 'blob');
    expect(scene.add({ from: 'b', nonce: 1, authorities: ['d'] })).toBe('authority');
  });

  test('TP-11 a newcomer has to beat the cheapest in a full pool', () => {
    const scene = new PlainScene({ totalPending: 4, totalQueued: 1 });
    for (const [i, from] of ['a', 'b', 'c', 'd', 'e'].entries()) scene.add({ from, feeCap: 10 + i });
    expect(scene.add({ from: 'f', feeCap: 10 })).toBe('underpriced');
    expect(scene.add({ from: 'f', feeCap: 11 })).toBe('ok');
    expect(scene.dropped).toEqual([['a/0/10/10', 'underpriced']]);
  });

  test('TP-11 a fifth of the pool is ordered by fee, the rest by the tip at the next base fee', () => {
    const scene = new PlainScene({ totalPending: 4, totalQueued: 1 });
    scene.head({ baseFee: 50n });
    // At this base fee the first one pays nothing, although its fee is the highest of those that are not payable.
    scene.add({ from: 'a', feeCap: 49, tipCap: 40 });
    for (const from of ['b', 'c', 'd']) scene.add({ from, feeCap: 90, tipCap: 30 });
    scene.add({ from: 'e', feeCap: 40, tipCap: 5 });
    expect(scene.add({ from: 'f', feeCap: 95, tipCap: 35 })).toBe('ok');
    expect(scene.dropped).toEqual([['e/0/40/5', 'underpriced']]);
  });

  test('TP-11 a gapped newcomer does not push out a pending transaction', () => {
    const scene = new PlainScene({ totalPending: 4, totalQueued: 1 });
    for (const from of ['a', 'b', 'c', 'd', 'e']) scene.add({ from, feeCap: 10 });
    expect(scene.add({ from: 'f', nonce: 5, feeCap: 100 })).toBe('full');
    // Nor one that is gapped once its own earlier one is dropped.
    expect(scene.pool.size).toBe(5);
    expect(scene.add({ from: 'f', nonce: 0, feeCap: 100 })).toBe('ok');
  });

  test('TP-11 after a quarter of the slots has changed, nothing is replaced until the next head', () => {
    const scene = new PlainScene({ totalPending: 40, totalQueued: 8 });
    for (let i = 0; i < 48; i++) scene.add({ from: `s${i}`, feeCap: 10 });
    let count = 0;
    while (scene.add({ from: `n${count}`, feeCap: 20 }) === 'ok') count++;
    expect(count).toBe(11);
    expect(scene.add({ from: 'x', feeCap: 1000 })).toBe('full');
    scene.head();
    expect(scene.add({ from: 'x', feeCap: 1000 })).toBe('ok');
  });

  test('TP-12 above the limit the largest accounts lose their last transactions, evenly', () => {
    const scene = new PlainScene({ totalPending: 20, totalQueued: 40, accountPending: 2 });
    for (const [from, count] of [
      ['a', 12],
      ['b', 10],
      ['c', 3],
      ['d', 1],
    ] as const) {
      for (let nonce = 0; nonce < count; nonce++) scene.insert({ from, nonce });
    }
    scene.settle();
    expect(['a', 'b', 'c', 'd'].map((key) => scene.pool.accounts.get(key)?.pending.length)).toEqual([8, 8, 3, 1]);
    expect(scene.dropped.every(([, reason]) => reason === 'truncated')).toBe(true);
  });

  test('TP-12 of queued transactions those of the accounts that are idle longest are dropped, highest nonce first', () => {
    const scene = new PlainScene({ totalQueued: 4 });
    for (const from of ['a', 'b', 'c']) {
      scene.now += 1000;
      scene.add({ from, nonce: 2 });
      scene.add({ from, nonce: 3 });
    }
    expect(scene.dropped.map(([key]) => key)).toEqual(['a/3/10/10', 'a/2/10/10']);
  });

  test('TP-13 the queue of an account without activity is dropped after three hours', () => {
    const scene = new PlainScene();
    scene.add({ from: 'a', nonce: 2 });
    scene.add({ from: 'b', nonce: 2 });
    scene.now = 2 * hour;
    scene.add({ from: 'b', nonce: 0 });
    scene.now = 3 * hour + 1;
    scene.pool.expire(scene.now);
    scene.settle();
    expect(scene.dropped).toEqual([['a/2/10/10', 'expired']]);
    scene.now = 5 * hour + 1;
    scene.pool.expire(scene.now);
    scene.settle();
    expect(scene.nonces('b')).toBe('0 |');
  });

  test('TP-14 passed nonces leave; unpayable ones leave, and those after them wait', () => {
    const scene = new PlainScene();
    for (let nonce = 0; nonce < 5; nonce++) scene.add({ from: 'a', nonce, value: nonce === 2 ? 1e9 : 0 });
    scene.set('a', { nonce: 1, balance: 1e8 });
    scene.head();
    expect(scene.nonces('a')).toBe('1 | 3 4');
    expect(scene.dropped).toEqual([
      ['a/0/10/10', 'included'],
      ['a/2/10/10', 'balance'],
    ]);
    scene.head({ gasLimit: 20_000 });
    expect(scene.pool.size).toBe(0);
    expect(scene.reservations.isTaken('a', 'blob')).toBe(false);
  });

  test('TP-14 a queued transaction that became executable is announced once', () => {
    const scene = new PlainScene();
    scene.add({ from: 'a', nonce: 1 });
    expect(scene.announced).toEqual([]);
    scene.set('a', { nonce: 1 });
    scene.head();
    expect(scene.announced).toEqual(['a/1/10/10']);
    scene.set('a', { nonce: 0 });
    scene.head();
    expect(scene.nonces('a')).toBe('| 1');
    scene.set('a', { nonce: 1 });
    scene.head();
    expect(scene.nonces('a')).toBe('1 |');
    expect(scene.announced).toEqual(['a/1/10/10']);
  });
});

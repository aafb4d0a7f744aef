import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../chain/temporary.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { gwei, PoolScene } from './pool-scene.ts';

const [alice, bob] = [testAccount(1), testAccount(2)];
const key = (raw: Uint8Array): string => toHex(crypto.keccak256(raw));

describe('head of the chain', () => {
  test('TP-14 all accounts are read in one request of one block, and heads during an update are one', async () => {
    const scene = await PoolScene.open();
    for (const account of [1, 2, 3, 4]) await scene.add(scene.sign(testAccount(account), 0));
    scene.chain.reads.length = 0;
    const headers = [scene.chain.make([], scene.states)];
    for (let i = 0; i < 3; i++) headers.push(scene.chain.make([], scene.states, {}, headers[i]));
    let release = (): void => {};
    scene.chain.onRead = () => new Promise((resolve) => (release = resolve));
    scene.chain.setHead(headers[0] as (typeof headers)[0]);
    await new Promise(setImmediate);
    for (const header of headers.slice(1)) scene.chain.setHead(header);
    scene.chain.onRead = async () => {};
    release();
    await scene.pool.settled();
    await scene.pool.settled();
    const [first, , , last] = headers;
    expect(scene.chain.reads).toEqual([
      { block: toHex((first as typeof scene.chain.head).hash), count: 4 },
      { block: toHex((last as typeof scene.chain.head).hash), count: 4 },
    ]);
  });

  test('TP-14 without the state of the head nothing is added, and the pool is kept', async () => {
    const scene = await PoolScene.open();
    await scene.add(scene.sign(alice, 0));
    scene.chain.hasState = false;
    await scene.block();
    expect(await scene.add(scene.sign(bob, 0))).toBe('no-state');
    scene.chain.hasState = true;
    await scene.block();
    expect(await scene.add(scene.sign(bob, 0))).toBe('pending');
    expect(scene.pool.status.pending).toBe(2);
  });

  test.each([1, 65, 66])('TP-15 transactions of a left branch of %i blocks', async (length) => {
    const scene = await PoolScene.open();
    const start = scene.chain.head;
    const before = new Map(scene.states);
    const [kept, lost] = [scene.sign(alice, 0), scene.sign(bob, 0)];
    scene.fund(alice, { nonce: 1n });
    scene.fund(bob, { nonce: 1n });
    await scene.block([kept, lost]);
    for (let i = 1; i < length; i++) await scene.block();
    // The new branch, of one block, has one of the two: its head is up to 64 blocks below the old one.
    scene.states.clear();
    for (const [address, state] of before) scene.states.set(address, state);
    scene.fund(alice, { nonce: 1n });
    const other = scene.chain.make([kept], scene.states, { number: start.number }, start);
    await scene.setHead(scene.chain.make([kept], scene.states, {}, start));
    await new Promise(setImmediate);
    await scene.pool.settled();
    expect(other.number).toBe(start.number);
    expect(scene.pool.has(crypto.keccak256(lost))).toBe(length <= 65);
    expect(scene.pool.has(crypto.keccak256(kept))).toBe(false);
    expect(scene.pool.counters.reinjected).toBe(length <= 65 ? 1 : 0);
    expect(scene.pool.wants(crypto.keccak256(kept), 2)).toBe(false);
  });

  test('TP-15 a block that is missing on the old side is no error, and nothing is put in', async () => {
    const scene = await PoolScene.open();
    const start = scene.chain.head;
    const before = new Map(scene.states);
    const lost = scene.sign(alice, 0);
    scene.fund(alice, { nonce: 1n });
    const left = await scene.block([lost]);
    scene.chain.blocks.delete(toHex(left.hash));
    await scene.setHead(scene.chain.make([], before, {}, start));
    expect(scene.pool.status.pending).toBe(0);
    expect(await scene.add(lost)).toBe('pending');
  });

  test('TP-22 a transaction on chain is not wanted, nor a pooled one, nor one of an unknown type', async () => {
    const scene = await PoolScene.open();
    const [included, pooled] = [scene.sign(alice, 0), scene.sign(bob, 0)];
    scene.fund(alice, { nonce: 1n });
    await scene.block([included]);
    await scene.add(pooled);
    const wants = (raw: Uint8Array, type = 2) => scene.pool.wants(crypto.keccak256(raw), type);
    expect([wants(included), wants(pooled), wants(scene.sign(bob, 1))]).toEqual([false, false, true]);
    expect([wants(scene.sign(bob, 1), 3), wants(scene.sign(bob, 1), 9)]).toEqual([false, false]);
  });
});

describe('interface', () => {
  test('TP-34 content, nonces and both iterables', async () => {
    const scene = await PoolScene.open();
    const controller = new AbortController();
    const { signal } = controller;
    const pending = scene.pool.pendingTransactions({ signal });
    const dropped = scene.pool.droppedTransactions({ signal });
    const raws = [scene.sign(alice, 0), scene.sign(alice, 1), scene.sign(alice, 3)];
    const results = await scene.pool.add(raws);
    expect(results.map((result) => result.status === 'added' && result.isPending)).toEqual([true, true, false]);
    expect(scene.pool.contentFrom(alice.address)).toMatchObject({
      sender: alice.address,
      pending: [{ nonce: 0n, raw: raws[0] }, { nonce: 1n }],
      queued: [{ nonce: 3n }],
    });
    expect(scene.pool.content()).toHaveLength(1);
    expect(await scene.pool.nonce(alice.address)).toBe(2n);
    expect(await scene.pool.nonce(testAccount(99).address)).toBe(0n);
    expect(await scene.pool.get(crypto.keccak256(raws[2] as Uint8Array))).toMatchObject({
      raw: raws[2],
      isPending: false,
    });
    for (const raw of raws.slice(0, 2))
      expect((await pending.next()).value).toMatchObject({ hash: crypto.keccak256(raw) });
    scene.fund(alice, { nonce: 1n });
    await scene.block();
    expect((await dropped.next()).value).toEqual({ hash: crypto.keccak256(raws[0] as Uint8Array), reason: 'included' });
    const waiting = pending.next();
    controller.abort();
    expect((await waiting).done).toBe(true);
  });

  test('TP-34 the conditions of a block leave out transactions with the later ones of the sender', async () => {
    const scene = await PoolScene.open();
    await scene.pool.add([
      scene.sign(alice, 0, { tip: 5n }),
      scene.sign(alice, 1, { tip: 1n }),
      scene.sign(alice, 2, { tip: 9n }),
    ]);
    await scene.add(scene.sign(bob, 0, { gas: 90_000 }));
    const conditions = { baseFee: gwei, minTip: 2n, blobFee: 1n, sidecarVersion: 1 } as const;
    const nonces = async (changes = {}) =>
      (await scene.pool.pending({ ...conditions, ...changes })).map(({ nonce, gas }) => `${nonce}:${gas}`);
    expect(await nonces()).toEqual(['0:21000', '0:90000']);
    expect(await nonces({ gasCap: 50_000 })).toEqual(['0:21000']);
    expect(await nonces({ minTip: 1n })).toHaveLength(4);
    expect(await nonces({ baseFee: 100n * gwei })).toEqual([]);
  });
});

describe('local transactions', () => {
  test('TP-30 are put in again after 10 s, then each minute, until their nonce has passed', async () => {
    const scene = await PoolScene.open({ totalPending: 2, totalQueued: 1 });
    const local = scene.sign(alice, 0, { tip: 1n, maxFee: 2n * gwei });
    expect(await scene.add(local, true)).toBe('pending');
    for (const account of [2, 3, 4]) await scene.add(scene.sign(testAccount(account), 0, { maxFee: 9n * gwei }));
    expect(scene.pool.has(crypto.keccak256(local))).toBe(false);
    for (const account of [2, 3, 4]) scene.fund(testAccount(account), { nonce: 1n });
    await scene.block();
    await scene.clock.advance(10_000);
    await scene.pool.settled();
    expect(scene.pool.has(crypto.keccak256(local))).toBe(true);
    expect(await scene.pool.pending({ baseFee: gwei, minTip: 0n, blobFee: 1n, sidecarVersion: 1 })).toMatchObject([
      { isLocal: true },
    ]);
    scene.fund(alice, { nonce: 1n });
    await scene.block();
    await scene.clock.advance(60_000);
    await scene.pool.settled();
    expect(scene.pool.status.pending).toBe(0);
  });

  test('TP-30 also when first refused for lack of room', async () => {
    const scene = await PoolScene.open({ totalPending: 2, totalQueued: 1 });
    for (const account of [2, 3, 4]) await scene.add(scene.sign(testAccount(account), 0));
    const local = scene.sign(alice, 0, { maxFee: 2n * gwei, tip: 1n });
    const [result] = await scene.pool.add([local], { local: true });
    expect(result).toMatchObject({ status: 'refused', code: 'underpriced', isKept: true });
    scene.fund(testAccount(2), { nonce: 1n });
    await scene.block();
    await scene.clock.advance(10_000);
    await scene.pool.settled();
    expect(scene.pool.has(crypto.keccak256(local))).toBe(true);
  });

  test('TP-30 are read from the journal at the next start, whose torn end is ignored', async () => {
    const directory = temporaryDirectory();
    const journal = join(directory, 'transactions.rlp');
    const scene = await PoolScene.open({ directory });
    const raws = [scene.sign(alice, 0), scene.sign(alice, 1, { type: 0 }), scene.sign(bob, 4)];
    for (const raw of raws) await scene.add(raw, true);
    await scene.add(scene.sign(testAccount(3), 0));
    const written = await readFile(journal);
    expect(written.length).toBeGreaterThan(300);
    await scene.pool.close();
    await appendFile(journal, written.subarray(0, 50));
    const again = await PoolScene.open({ directory });
    expect(again.pool.status).toEqual({ pending: 2, queued: 1, blobs: 0 });
    expect([...(await readFile(journal))]).toEqual([...written]);
    await again.pool.close();
    await writeFile(journal, Uint8Array.from([0xff, 1, 2]));
    expect((await PoolScene.open({ directory })).pool.status.pending).toBe(0);
  });

  test('TP-30 the journal is kept while the state of the head is not available after a start', async () => {
    const directory = temporaryDirectory();
    const journal = join(directory, 'transactions.rlp');
    const scene = await PoolScene.open({ directory });
    await scene.add(scene.sign(alice, 0), true);
    const written = await readFile(journal);
    await scene.pool.close();
    const again = await PoolScene.open({ directory, isCatchingUp: true });
    expect(again.pool.status.pending).toBe(0);
    expect([...(await readFile(journal))]).toEqual([...written]);
    again.chain.hasState = true;
    await again.block();
    await again.clock.advance(10_000);
    await again.pool.settled();
    expect(again.pool.status.pending).toBe(1);
  });

  test('TP-30 the journal is written anew each hour, without those that have passed', async () => {
    const directory = temporaryDirectory();
    const journal = join(directory, 'transactions.rlp');
    const scene = await PoolScene.open({ directory });
    const [first, second] = [scene.sign(alice, 0), scene.sign(alice, 1)];
    for (const raw of [first, second]) await scene.add(raw, true);
    const length = (await readFile(journal)).length;
    scene.fund(alice, { nonce: 1n });
    await scene.block();
    for (let minute = 0; minute < 62; minute++) {
      await scene.clock.advance(60_000);
      await scene.pool.settled();
    }
    await scene.pool.close();
    expect((await readFile(journal)).length).toBe(length / 2);
    expect(key(second)).not.toBe(key(first));
  });
});

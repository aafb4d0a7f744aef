import { describe, expect, test } from 'vitest';
import { createGossipPool } from '../../src/network/transactions/gossip-pool.ts';
import { defaultPlainLimits } from '../../src/txpool/plain/plain-limits.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { blobTransaction } from './blobs.ts';
import { PlainScene } from './plain-scene.ts';
import { gwei, PoolScene } from './pool-scene.ts';

const limits = defaultPlainLimits;
const slots = limits.totalPending + limits.totalQueued;

/** A pool with an honest pending transaction, whose tip is the median of the others. */
function sceneWithHonest(count = 0): PlainScene {
  const scene = new PlainScene();
  scene.add({ from: 'honest', feeCap: 100, tipCap: 100 });
  for (let i = 0; i < count; i++) scene.insert({ from: `user${i}`, feeCap: 50 + (i % 101), tipCap: 50 + (i % 101) });
  scene.settle();
  return scene;
}

function expectHonest(scene: PlainScene): void {
  expect(scene.nonces('honest')).toBe('0 |');
  scene.check(limits);
}

describe('hostile transactions', () => {
  test('TP-35 10,000 senders with one gapped transaction each leave the queue at its limit', () => {
    const scene = sceneWithHonest();
    for (let i = 0; i < 10_000; i++) {
      scene.insert({ from: `s${i}`, nonce: 7, feeCap: 1_000 });
      if (i % 128 === 0) scene.settle();
    }
    scene.settle();
    expect(scene.pool.queuedCount).toBe(limits.totalQueued);
    expectHonest(scene);
  });

  test('TP-35 10,000 gapped transactions do not push out any pending one of a full pool', () => {
    const scene = sceneWithHonest(slots);
    const before = scene.pool.pendingCount;
    for (let i = 0; i < 10_000; i++) scene.insert({ from: `s${i}`, nonce: 7, feeCap: 100_000 });
    scene.settle();
    expect(scene.pool.pendingCount).toBe(before);
    expectHonest(scene);
  });

  test('TP-35 one sender with a million transactions takes what others leave, and no more', () => {
    const scene = sceneWithHonest(200);
    const others = scene.pool.pendingCount;
    for (let nonce = 0; nonce < 20_000; nonce++) {
      scene.insert({ from: 'flood', nonce, feeCap: 1_000 });
      if (nonce % 128 === 0) scene.settle();
    }
    // Nonces far ahead, of which an account has 64.
    for (let nonce = 0; nonce < 980_000; nonce++)
      scene.insert({ from: 'flood', nonce: 1_000_000 + nonce, feeCap: 1_000 });
    scene.settle();
    expect(scene.pool.pendingCount).toBeLessThanOrEqual(limits.totalPending);
    expect(scene.pool.accounts.get('flood')?.queued.length).toBeLessThanOrEqual(limits.accountQueued);
    expect(scene.pool.pendingCount - (scene.pool.accounts.get('flood')?.pending.length ?? 0)).toBe(others);
    expectHonest(scene);
  });

  test('TP-35 replacements by 9 % are refused, and those by 10 % have to pay for each one', () => {
    const scene = sceneWithHonest();
    scene.add({ from: 'storm', feeCap: 1_000 });
    for (let i = 0; i < 10_000; i++) expect(scene.insert({ from: 'storm', feeCap: 1_090 })).toBe('replacement');
    let price = 1_000;
    let count = 0;
    while (price * 21_000 < 1e18 / 2) {
      price = Math.ceil(price * 1.1) + 1;
      if (scene.insert({ from: 'storm', feeCap: price }) === 'ok') count++;
    }
    scene.settle();
    // Each costs 10 % more than the one before, so that the balance ends the storm.
    expect(count).toBeLessThan(260);
    expect(scene.pool.size).toBe(2);
    expectHonest(scene);
  });

  test('TP-35 newcomers with the price of the cheapest do not cycle through a full pool', () => {
    const scene = sceneWithHonest(slots);
    const cheapest = 50;
    for (let i = 0; i < 10_000; i++) {
      expect(scene.insert({ from: `s${i}`, feeCap: cheapest, tipCap: cheapest })).toBe('underpriced');
    }
    expectHonest(scene);
  });

  test('TP-35 newcomers that pay more replace a quarter of the pool between two heads, the cheapest part', () => {
    const scene = sceneWithHonest(slots);
    let added = 0;
    for (let i = 0; i < 10_000; i++) if (scene.insert({ from: `s${i}`, feeCap: 10_000 }) === 'ok') added++;
    scene.settle();
    expect(added).toBeLessThanOrEqual(limits.totalPending / 4 + 1);
    expectHonest(scene);
  });

  test('TP-35 reorganizations each second neither lose nor repeat a transaction', async () => {
    const scene = await PoolScene.open();
    const [alice, bob] = [testAccount(1), testAccount(2)];
    const start = scene.chain.head;
    const before = new Map(scene.states);
    const raw = scene.sign(alice, 0);
    scene.fund(alice, { nonce: 1n });
    const withIt = scene.chain.make([raw], scene.states, {}, start);
    const without = scene.chain.make([], before, {}, start);
    await scene.add(scene.sign(bob, 0));
    await scene.add(raw);
    const announced = scene.announced.length;
    for (let i = 0; i < 100; i++) {
      await scene.setHead(i % 2 === 0 ? withIt : without);
      await scene.clock.advance(1_000);
      await new Promise(setImmediate);
      await scene.pool.settled();
    }
    expect(scene.pool.status).toEqual({ pending: 2, queued: 0, blobs: 0 });
    // It comes back by each reorganization, and nothing else does.
    expect(scene.announced.length - announced).toBeLessThanOrEqual(50);
  });

  test('TP-35 blobs with false proofs leave nothing on disk, and other transactions are added meanwhile', async () => {
    const scene = await PoolScene.open({ directory: temporaryDirectory() });
    const gossip = createGossipPool(scene.pool);
    let release = (_: boolean): void => {};
    scene.chain.verifySidecar = () => new Promise((resolve) => (release = resolve));
    const blobs = gossip.add([blobTransaction(scene, testAccount(1), 0).network]);
    await new Promise(setImmediate);
    expect(await gossip.add([scene.sign(testAccount(2), 0)])).toEqual(['added']);
    release(false);
    expect(await blobs).toEqual(['invalid']);
    expect(scene.pool.status).toEqual({ pending: 1, queued: 0, blobs: 0 });
  });

  test('TP-35 known transactions are refused before their signatures are checked', async () => {
    const scene = await PoolScene.open();
    const raw = scene.sign(testAccount(1), 0, { tip: 2n * gwei });
    await scene.add(raw);
    const reads = scene.chain.reads.length;
    const results = await scene.pool.add(Array.from({ length: 5_000 }, () => raw));
    expect(results.every((result) => result.status === 'refused' && result.code === 'known')).toBe(true);
    expect(scene.chain.reads).toHaveLength(reads);
  });
});

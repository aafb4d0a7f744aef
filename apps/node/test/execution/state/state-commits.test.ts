import { expect, test } from 'vitest';
import { createMemoryDatabase } from '../../../src/execution/state/memory-database.ts';
import { addressOf, blockHash } from './model.ts';
import { change, extend, faultyDatabase, keysOf, storeOn } from './scene.ts';

const numbers = (blocks: Iterable<{ number: number }>): number[] => [...blocks].map(({ number }) => number);

test('ND-07 a commit keeps the newest blocks and the branches on them in memory, and drops the other branches', async () => {
  const store = await storeOn();
  extend(store, 0, [1, 2, 3, 4]);
  store.apply(blockHash(1), { number: 2, hash: blockHash(12) }, []);
  store.apply(blockHash(3), { number: 4, hash: blockHash(14) }, [change(2, 7n)]);
  await store.commit(blockHash(4), { keep: 2 });
  expect(store.head.number).toBe(2);
  expect([4, 14, 3, 2, 1, 12].map((index) => store.has(blockHash(index)))).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
  ]);
  expect(store.reader(blockHash(14))?.account(addressOf(2))?.balance).toBe(7n);
  expect(store.reader(blockHash(12))).toBeUndefined();
  await store.close();
});

test('ND-07 a reader fails once its state was dropped, instead of reading another state', async () => {
  const store = await storeOn();
  extend(store, 0, [1, 2]);
  store.apply(blockHash(1), { number: 2, hash: blockHash(12) }, [change(2, 9n)]);
  const side = store.reader(blockHash(12));
  expect(side?.account(addressOf(2))?.balance).toBe(9n);
  await store.commit(blockHash(2));
  expect(() => side?.account(addressOf(2))).toThrow(expect.objectContaining({ code: 'unknown-state' }));
  store.apply(blockHash(2), { number: 3, hash: blockHash(3) }, [change(3, 1n)]);
  const discarded = store.reader(blockHash(3));
  store.discard(blockHash(3));
  expect(store.has(blockHash(3))).toBe(false);
  expect(() => discarded?.storage(addressOf(3), 0n)).toThrow(expect.objectContaining({ code: 'unknown-state' }));
  expect(() => store.apply(blockHash(3), { number: 4, hash: blockHash(4) }, [])).toThrow(
    expect.objectContaining({ code: 'unknown-state' }),
  );
  await store.close();
});

test('ND-07 during a commit the target and the states above it are read and extended, the others are busy', async () => {
  const database = faultyDatabase();
  const store = await storeOn(database);
  extend(store, 0, [1, 2, 3]);
  let writes = 0;
  database.onWrite = () => {
    writes++;
    expect(() => store.reader(blockHash(1))).toThrow(expect.objectContaining({ code: 'busy' }));
    expect(() => store.reader(blockHash(0))).toThrow(expect.objectContaining({ code: 'busy' }));
    expect(store.reader(blockHash(2))?.account(addressOf(2))?.balance).toBe(2n);
    store.apply(blockHash(3), { number: 4, hash: blockHash(4) }, [change(2, 44n)]);
    // Neither the target nor the blocks below it can be discarded any more.
    store.discard(blockHash(1));
  };
  await store.commit(blockHash(2));
  expect(writes).toBe(1);
  expect(store.head.number).toBe(2);
  expect(store.reader(blockHash(4))?.account(addressOf(2))?.balance).toBe(44n);
  expect(store.reader(blockHash(1))?.account(addressOf(2))).toBeUndefined();
  await store.close();
});

test('ND-07 a commit is due from a number of blocks or of bytes on', async () => {
  const byBlocks = await storeOn(undefined, { commitBlocks: 3 });
  extend(byBlocks, 0, [1, 2]);
  expect(byBlocks.isCommitDue(blockHash(2))).toBe(false);
  extend(byBlocks, 0, [1, 2, 3]);
  expect(byBlocks.isCommitDue(blockHash(3))).toBe(true);
  await byBlocks.commit(blockHash(3));
  expect(byBlocks.isCommitDue(blockHash(3))).toBe(false);
  const byBytes = await storeOn(undefined, { commitBytes: 1 });
  extend(byBytes, 0, [1]);
  expect(byBytes.isCommitDue(blockHash(1))).toBe(true);
});

test('ND-07 states beyond the limit are dropped from the oldest side branch, and a path that is too long is refused', async () => {
  const store = await storeOn(undefined, { maxStates: 5 });
  extend(store, 0, [1, 2]);
  store.apply(blockHash(0), { number: 1, hash: blockHash(11) }, []);
  store.apply(blockHash(11), { number: 2, hash: blockHash(12) }, []);
  store.apply(blockHash(2), { number: 3, hash: blockHash(3) }, []);
  expect(store.has(blockHash(11))).toBe(false);
  expect(store.has(blockHash(12))).toBe(false);
  store.apply(blockHash(3), { number: 4, hash: blockHash(4) }, []);
  const next = { number: 5, hash: blockHash(5) };
  expect(() => store.apply(blockHash(4), next, [])).toThrow(expect.objectContaining({ code: 'too-many-states' }));
  await store.commit(blockHash(4));
  store.apply(blockHash(4), next, []);
  expect(store.has(blockHash(5))).toBe(true);
  await store.close();
});

test('ND-07 a full disk in the middle of a commit leaves the last whole block, and the store goes on from it', async () => {
  for (const isApplied of [false, true]) {
    const database = faultyDatabase();
    const store = await storeOn(database, { commitBytes: 1 });
    extend(store, 0, [1, 2, 3, 4]);
    database.room = 2;
    database.isApplied = isApplied;
    await expect(store.commit(blockHash(4))).rejects.toThrow('no space left');
    expect(store.head.number).toBe(2);
    expect(store.reader(blockHash(4))?.account(addressOf(4))?.balance).toBe(4n);
    database.isFull = false;
    database.room = Number.POSITIVE_INFINITY;
    if (isApplied) {
      // The failed write is in the database, so the states above it are unknown, and the third block is the head.
      await expect(store.commit(blockHash(4))).rejects.toThrow(expect.objectContaining({ code: 'unknown-state' }));
      expect(store.head.number).toBe(3);
      store.apply(blockHash(3), { number: 4, hash: blockHash(4) }, [change(4, 4n)]);
    }
    await store.commit(blockHash(4));
    expect(store.head.number).toBe(4);
    expect(numbers(store.ancestors())).toEqual([4, 3, 2, 1, 0]);
    expect(store.reader(blockHash(3))?.account(addressOf(4))).toBeUndefined();
    await store.close();
  }
});

test('ND-07 differences beyond the history are deleted in pieces, also after the history became shorter', async () => {
  const database = createMemoryDatabase();
  let store = await storeOn(database, { historyDepth: 150 });
  for (let number = 1; number <= 150; number++) {
    store.apply(blockHash(number - 1), { number, hash: blockHash(number) }, [change(1, BigInt(number))]);
    await store.commit(blockHash(number));
  }
  expect(await keysOf(database, 'differences')).toHaveLength(150);
  await store.close();
  await database.reopen();
  store = await storeOn(database, { historyDepth: 3 });
  expect([...store.ancestors()]).toHaveLength(151);
  const left: number[] = [];
  for (let number = 151; number <= 154; number++) {
    store.apply(blockHash(number - 1), { number, hash: blockHash(number) }, [change(1, BigInt(number))]);
    await store.commit(blockHash(number));
    left.push((await keysOf(database, 'differences')).length);
    expect(store.has(blockHash(number - 3))).toBe(true);
  }
  expect(left).toEqual([86, 22, 3, 3]);
  expect(numbers(store.ancestors())).toEqual([154, 153, 152, 151]);
  expect(store.has(blockHash(150))).toBe(false);
  await store.close();
});

test('ND-07 going back further than states may be in memory is done in steps', async () => {
  const store = await storeOn(undefined, { maxStates: 8 });
  for (let number = 1; number <= 40; number++) {
    store.apply(blockHash(number - 1), { number, hash: blockHash(number) }, [change(number % 3, BigInt(number))]);
    await store.commit(blockHash(number));
  }
  expect(() => store.reader(blockHash(5))).toThrow(expect.objectContaining({ code: 'too-many-states' }));
  await store.commit(blockHash(5));
  expect(store.head.number).toBe(5);
  expect([0, 1, 2].map((index) => store.reader(blockHash(5))?.account(addressOf(index))?.balance)).toEqual([
    3n,
    4n,
    5n,
  ]);
  await store.close();
});

test('ND-07 removed storages are deleted once no difference leads to them', async () => {
  const database = createMemoryDatabase();
  const store = await storeOn(database, { historyDepth: 2 });
  const slots = Object.fromEntries(Array.from({ length: 3000 }, (_, slot) => [slot, 1n]));
  const blocks = [
    [change(1, 1n, { slots }), change(2, 1n, { slots: { 1: 2n } })],
    [change(1, undefined)],
    [change(2, 2n, { isCleared: true, slots: { 5: 6n } })],
    [change(1, 1n, { slots: { 7: 8n } })],
    [],
    [],
    [],
  ];
  for (const [i, changes] of blocks.entries()) {
    store.apply(blockHash(i), { number: i + 1, hash: blockHash(i + 1) }, changes);
    await store.commit(blockHash(i + 1));
    const before = store.reader(blockHash(i))?.storage(addressOf(1), 2999n);
    expect(before).toBe(i === 1 ? 1n : 0n);
  }
  expect(await keysOf(database, 'slots')).toHaveLength(2);
  // A node for each of the two storages, and the branch above the accounts.
  expect(await keysOf(database, 'nodes')).toHaveLength(3);
  expect(await keysOf(database, 'dropped')).toHaveLength(0);
  // A storage that is created, and whose block is undone, goes too.
  store.apply(blockHash(7), { number: 8, hash: blockHash(8) }, [change(3, 1n, { slots })]);
  await store.commit(blockHash(8));
  await store.commit(blockHash(7));
  await store.commit(blockHash(6));
  expect(await keysOf(database, 'slots')).toHaveLength(2);
  expect(await keysOf(database, 'dropped')).toHaveLength(0);
  await store.close();
});

import { expect, test } from 'vitest';
import type { CrawlStore } from '../../src/store/store.ts';
import { bareNode, fullNode, idOf, rollupAt, sessionOf, visitOf } from './records.ts';

/** Tests of every `CrawlStore`. `open` returns an empty store, which the suite does not close. */
export function storeSuite(open: () => Promise<CrawlStore>): void {
  const day = 86_400_000;

  test('CR-07 returns exactly the stored fields of a node', async () => {
    const store = await open();
    const nodes = [bareNode(1), fullNode(2), fullNode(3, { rtt: {}, capabilities: [], sharedAddress: false })];
    await store.commit({ nodes });
    for (const node of nodes) expect(await store.get(node.id)).toStrictEqual(node);
    expect(await collect(store.nodes())).toHaveLength(3);
    expect(await store.get(idOf(4))).toBeUndefined();
  });

  test('CR-07 a committed node replaces the stored one', async () => {
    const store = await open();
    await store.commit({ nodes: [fullNode(1), bareNode(2)] });
    await store.commit({ nodes: [bareNode(1, { visits: 1 })] });
    expect(await store.get(idOf(1))).toStrictEqual(bareNode(1, { visits: 1 }));
    expect(await collect(store.nodes())).toHaveLength(2);
    await store.commit({ nodes: [bareNode(2, { visits: 2 }), bareNode(2, { visits: 3 })] });
    expect((await store.get(idOf(2)))?.visits).toBe(3);
  });

  test('CR-05 CR-07 leases due nodes, earliest first, and only once', async () => {
    const store = await open();
    await store.commit({ nodes: [30, 10, 20, 40].map((dueAt) => bareNode(dueAt, { dueAt })) });
    const due = async (now: number, limit: number) => (await store.lease(now, limit)).map(({ dueAt }) => dueAt);
    expect(await store.nextDue()).toBe(10);
    expect(await due(9, 8)).toEqual([]);
    expect(await due(30, 0)).toEqual([]);
    expect(await due(30, 2)).toEqual([10, 20]);
    expect(await store.nextDue()).toBe(30);
    expect(await due(30, 2)).toEqual([30]);
    expect(await due(30, 2)).toEqual([]);
    expect(await due(5, 2)).toEqual([]);
    expect(await store.nextDue()).toBe(40);
    expect(await due(day, 9)).toEqual([40]);
    expect(await store.nextDue()).toBeUndefined();
  });

  test('CR-05 CR-07 a commit ends the lease and sets the next due time', async () => {
    const store = await open();
    await store.commit({ nodes: [bareNode(1, { dueAt: 10 }), bareNode(2, { dueAt: 20 })] });
    await store.lease(100, 8);
    await store.commit({ visits: [visitOf(1, 50)] });
    expect(await store.lease(100, 8)).toEqual([]);
    await store.commit({ nodes: [bareNode(1, { dueAt: 200 })] });
    expect(await store.lease(199, 8)).toEqual([]);
    expect(await store.nextDue()).toBe(200);
    await store.commit({ nodes: [bareNode(2, { dueAt: 5 }), bareNode(3, { dueAt: 0 })] });
    expect((await store.lease(200, 8)).map(({ dueAt }) => dueAt)).toEqual([0, 5, 200]);
  });

  test('CR-05 CR-07 concurrent leases have no node in common', async () => {
    const store = await open();
    await store.commit({ nodes: Array.from({ length: 60 }, (_, i) => bareNode(i, { dueAt: i })) });
    const leases = await Promise.all([25, 25, 25].map((limit) => store.lease(100, limit)));
    expect(leases.map((nodes) => nodes.length)).toEqual([25, 25, 10]);
    const ids = leases.flat().map(({ dueAt }) => dueAt);
    expect(new Set(ids).size).toBe(60);
  });

  test('CR-07 removes a node with its visits and neighbors', async () => {
    const store = await open();
    const ids = [1, 2].map(idOf);
    await store.commit({
      nodes: [fullNode(1, { dueAt: 1 }), fullNode(2, { dueAt: 2 })],
      visits: [visitOf(1, 10), visitOf(2, 10)],
      neighbors: ids.map((id) => ({ id, neighbors: [idOf(3)] })),
    });
    await store.lease(1, 1);
    await store.commit({ removed: [idOf(1), idOf(77)] });
    expect(await store.get(idOf(1))).toBeUndefined();
    expect(await collect(store.visits(idOf(1)))).toEqual([]);
    expect(await store.neighbors(idOf(1))).toEqual([]);
    expect(await collect(store.visits(idOf(2)))).toHaveLength(1);
    expect(await store.neighbors(idOf(2))).toHaveLength(1);
    expect((await store.lease(day, 8)).map(({ id }) => id)).toEqual([idOf(2)]);
    await store.commit({ nodes: [bareNode(1, { dueAt: 3 })] });
    expect(await store.lease(day, 8)).toHaveLength(1);
  });

  test('CR-07 returns the visits of each node, newest first', async () => {
    const store = await open();
    const full = visitOf(1, 20, {
      status: 'hello',
      disconnect: 'too-many-peers',
      error: 'peer/disconnected',
      steps: [
        { step: 'bonded', ms: 12.5 },
        { step: 'hello', ms: 30 },
      ],
      neighbors: 16,
    });
    await store.commit({ visits: [full, visitOf(1, 10)] });
    await store.commit({ visits: [visitOf(1, 30), visitOf(2, 40)] });
    const visits = await collect(store.visits(idOf(1)));
    expect(visits).toStrictEqual([visitOf(1, 30), full, visitOf(1, 10)]);
    expect(await collect(store.visits(idOf(3)))).toEqual([]);
  });

  test('CR-07 returns the neighbors that a node reported last', async () => {
    const store = await open();
    const all = [2, 3, 4].map(idOf);
    await store.commit({ neighbors: [{ id: idOf(1), neighbors: all }] });
    expect(await store.neighbors(idOf(1))).toEqual(all);
    await store.commit({ neighbors: [{ id: idOf(1), neighbors: [idOf(9)] }] });
    expect(await store.neighbors(idOf(1))).toEqual([idOf(9)]);
    expect(await store.neighbors(idOf(2))).toEqual([]);
  });

  test('CR-07 returns sessions, newest first, and their rollups, oldest first', async () => {
    const store = await open();
    await store.commit({ session: sessionOf(2 * day) });
    await store.commit({ session: sessionOf(day) });
    const ended = sessionOf(2 * day, {
      endedAt: 2 * day + 5_000,
      visits: 12,
      rollup: rollupAt(2 * day + 1_000, { verified: 77 }),
    });
    await store.commit({ session: ended });
    expect(await collect(store.sessions())).toStrictEqual([ended, sessionOf(day)]);
    expect(await collect(store.rollups())).toStrictEqual([rollupAt(day + 1_000), ended.rollup]);
  });

  test('CR-07 can be iterated during writes, and an iteration can end early', async () => {
    const store = await open();
    await store.commit({ nodes: Array.from({ length: 600 }, (_, i) => bareNode(i)) });
    let count = 0;
    for await (const node of store.nodes()) {
      count++;
      await store.commit({ nodes: [{ ...node, visits: 1 }] });
    }
    expect(count).toBe(600);
    for await (const _ of store.nodes()) break;
    for await (const { visits } of store.nodes()) expect(visits).toBe(1);
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

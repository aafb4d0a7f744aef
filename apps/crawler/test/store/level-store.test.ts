import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LevelStoreOptions, openLevelStore } from '../../src/store/level/level-store.ts';
import type { CrawlStore } from '../../src/store/store.ts';
import { bareNode, fullNode, idOf, rollupAt, sessionOf, visitOf } from './records.ts';
import { collect, storeSuite } from './suite.ts';

let folder: string;
const opened = new Set<CrawlStore>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crawl-'));
});
afterEach(async () => {
  await Promise.all([...opened].map((store) => store.close()));
  opened.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function openStore(options?: LevelStoreOptions): Promise<CrawlStore> {
  const store = await openLevelStore(folder, options);
  opened.add(store);
  return store;
}

/** Changes the database directly, while the store is closed. */
async function tamper(work: (level: Level<Uint8Array, Uint8Array>) => Promise<void>) {
  const level = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await work(level);
  await level.close();
}

describe('the LevelDB store', () => {
  storeSuite(openStore);

  test('CR-07 stores any text from the network in a record', async () => {
    const store = await openStore();
    const capabilities = Array.from({ length: 2_000 }, () => ({
      name: 'é'.repeat(5_000),
      version: 1,
    }));
    const client = `\ud800\u0000${'🚀'.repeat(100_000)}`;
    const eth = { ...fullNode(1).eth, networkId: 2n ** 64n - 1n };
    const node = fullNode(1, { client, capabilities, error: `x/${'y'.repeat(10_000)}` });
    await store.commit({ nodes: [{ ...node, ...(eth && { eth }) } as typeof node, bareNode(2)] });
    const kept = await store.get(idOf(1));
    expect(kept?.client).toMatch(/^\ufffd\0🚀/u);
    expect(kept?.client?.length).toBeLessThan(5_000);
    expect(kept?.capabilities?.length).toBeGreaterThan(0);
    expect(await store.get(idOf(2))).toBeDefined();
  });

  test('CR-07 `close` waits for commits, and may be called again', async () => {
    const store = await openStore();
    const committed = store.commit({ nodes: [bareNode(1)] });
    await Promise.all([store.close(), store.close(), committed]);
    await expect(store.get(idOf(1))).rejects.toMatchObject({ code: 'closed' });
  });

  test('CR-07 a reopened store has all nodes, and no leases', async () => {
    const store = await openStore();
    await store.commit({ nodes: [fullNode(1, { dueAt: 1 })], session: sessionOf(5) });
    await store.lease(10, 8);
    await store.close();
    const again = await openStore();
    expect(await again.lease(10, 8)).toStrictEqual([fullNode(1, { dueAt: 1 })]);
    expect(await collect(again.sessions())).toHaveLength(1);
  });

  test('CR-07 keeps a limited number of visits of a node, and one rollup for each interval', async () => {
    const store = await openStore({ visitsKept: 3, rollupInterval: 100 });
    for (let at = 1; at <= 5; at++) await store.commit({ visits: [visitOf(1, at)] });
    await store.commit({ visits: [9, 8, 7, 6, 5].map((at) => visitOf(2, at)) });
    for (const [id, times] of [
      [1, [5, 4, 3]],
      [2, [9, 8, 7]],
    ] as const) {
      const visits = await collect(store.visits(idOf(id)));
      expect(visits.map(({ at }) => at)).toEqual(times);
    }
    for (const at of [110, 150, 190, 200, 399]) {
      await store.commit({ session: sessionOf(7, { rollup: rollupAt(at) }) });
    }
    expect((await collect(store.rollups())).map(({ at }) => at)).toEqual([190, 200, 399]);
  });

  test('CR-07 an error names a damaged record, and all other records can be read', async () => {
    const store = await openStore();
    const visits = [visitOf(1, 10), visitOf(1, 20)];
    await store.commit({
      nodes: [1, 2, 3].map((number) => fullNode(number, { dueAt: number })),
      visits,
      session: sessionOf(5),
    });
    await store.close();
    let damaged = 0;
    await tamper(async (level) => {
      for await (const [key, value] of level.iterator()) {
        const second = Buffer.compare(key.subarray(1, 65), idOf(2)) === 0;
        const isNode = key[0] === 1 && second;
        const isVisit = key[0] === 3 && key.at(-1) === 20;
        if (!isNode && !isVisit && key[0] !== 5) continue;
        const changed = new Uint8Array(value);
        changed[20] = (changed[20] ?? 0) ^ 1;
        await level.put(key, isVisit ? changed.subarray(0, 9) : changed);
        damaged++;
      }
    });
    expect(damaged).toBe(3);

    const name = `node ${toHex(idOf(2))} cannot be read`;
    const strict = await openStore();
    const error = { code: 'record-corrupt', message: expect.stringContaining(name) };
    await expect(strict.get(idOf(2))).rejects.toMatchObject(error);
    await expect(collect(strict.nodes())).rejects.toMatchObject(error);
    await expect(strict.lease(9, 9)).rejects.toMatchObject(error);
    await strict.close();

    const seen: string[] = [];
    const lenient = await openStore({ onCorrupt: ({ message }) => seen.push(message) });
    expect((await collect(lenient.nodes())).map(({ dueAt }) => dueAt)).toEqual([1, 3]);
    expect(await collect(lenient.visits(idOf(1)))).toEqual([visitOf(1, 10)]);
    expect(await collect(lenient.sessions())).toEqual([]);
    expect(await collect(lenient.rollups())).toHaveLength(1);
    expect((await lenient.lease(9, 9)).map(({ dueAt }) => dueAt)).toEqual([1, 3]);
    expect(seen).toEqual([
      expect.stringContaining(name),
      expect.stringContaining(`visit of node ${toHex(idOf(1))} at 1970-01-01T00:00:00.020Z`),
      expect.stringContaining('session of 1970-01-01T00:00:00.005Z'),
      expect.stringContaining(name),
    ]);
    // The next commit of the node repairs it.
    await lenient.commit({ nodes: [fullNode(2, { dueAt: 50 })] });
    expect(await lenient.get(idOf(2))).toStrictEqual(fullNode(2, { dueAt: 50 }));
    expect(await lenient.lease(60, 9)).toHaveLength(1);
  });

  test('CR-07 an index entry without a node is ignored', async () => {
    const store = await openStore();
    await store.commit({ nodes: [bareNode(1, { dueAt: 5 })] });
    await store.close();
    await tamper(async (level) => {
      for (const number of [1, 2]) {
        const key = new Uint8Array(73);
        key.set([2, 0, 0, 0, 0, 0, 0, 0, 3]);
        key.set(idOf(number), 9);
        await level.put(key, new Uint8Array(0));
      }
    });
    const again = await openStore();
    expect((await again.lease(9, 9)).map(({ dueAt }) => dueAt)).toEqual([5]);
    await again.close();
    expect(await (await openStore()).nextDue()).toBe(5);
  });

  test('an open store, another database and another format are refused', async () => {
    const store = await openStore();
    await expect(openLevelStore(folder)).rejects.toMatchObject({
      code: 'datadir-in-use',
      message: `${folder} is in use by another process`,
    });
    await store.close();
    await tamper((level) => level.put(Uint8Array.of(0), Buffer.from('devp2p-crawler 2')));
    await expect(openLevelStore(folder)).rejects.toMatchObject({
      code: 'wrong-datadir',
      message: `${folder} has format 2, this program reads format 1`,
    });
    await tamper(async (level) => {
      await level.del(Uint8Array.of(0));
      await level.put(Uint8Array.of(0x61), Buffer.from('x'));
    });
    await expect(openLevelStore(folder)).rejects.toMatchObject({
      code: 'wrong-datadir',
      message: `${folder} is not a crawler database`,
    });
  });
});

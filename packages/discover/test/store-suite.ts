import { expect, test } from 'vitest';
import type { NodeStore } from '../src/index.ts';

/** Tests of a `NodeStore`. `open` returns an empty one. */
export function storeSuite(open: () => Promise<NodeStore>): void {
  const collect = async (store: NodeStore, prefix: string): Promise<[string, number[]][]> => {
    const all: [string, number[]][] = [];
    for await (const [key, value] of store.entries(prefix)) {
      expect(value).toBeInstanceOf(Uint8Array);
      all.push([key, [...value]]);
    }
    return all.sort(([a], [b]) => (a < b ? -1 : 1));
  };

  test('D4-16 returns the value of a put, unaffected by later changes of its bytes', async () => {
    const store = await open();
    const value = Uint8Array.of(1, 2, 3);
    await store.put('a', value);
    value[0] = 9;
    const got = await store.get('a');
    expect([...(got ?? [])]).toEqual([1, 2, 3]);
    if (got) got[0] = 9;
    expect([...((await store.get('a')) ?? [])]).toEqual([1, 2, 3]);
    await store.put('a', Uint8Array.of());
    expect((await store.get('a'))?.length).toBe(0);
  });

  test('D4-16 has no value for a missing or deleted key', async () => {
    const store = await open();
    expect(await store.get('a')).toBeUndefined();
    await store.delete('a');
    await store.put('a', Uint8Array.of(1));
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
    expect(await collect(store, '')).toEqual([]);
  });

  test('D4-16 iterates over the keys with a prefix alone', async () => {
    const store = await open();
    for (const key of ['node/a', 'node/b', 'nodes', 'node', 'local/a', 'node/ÿ']) {
      await store.put(key, Uint8Array.of(key.length));
    }
    expect((await collect(store, 'node/')).map(([key]) => key)).toEqual(['node/a', 'node/b', 'node/ÿ']);
    expect(await collect(store, '')).toHaveLength(6);
    expect(await collect(store, 'x')).toEqual([]);
  });

  test('D4-16 accepts changes during an iteration, and the end of an iteration before its last key', async () => {
    const store = await open();
    for (let i = 0; i < 100; i++) await store.put(`node/${i}`, Uint8Array.of(i));
    for await (const [key] of store.entries('node/')) await store.delete(key);
    expect(await collect(store, '')).toEqual([]);
    for (let i = 0; i < 10; i++) await store.put(`node/${i}`, Uint8Array.of(i));
    for await (const _ of store.entries('node/')) break;
    expect(await collect(store, '')).toHaveLength(10);
  });
}

import { describe, expect, test } from 'vitest';
import { createNodeIterator } from '../src/index.ts';

async function* from<T>(items: Iterable<T>, before: () => Promise<void> = async () => undefined): AsyncGenerator<T> {
  for (const item of items) {
    await before();
    yield item;
  }
}

async function* endless(name: string): AsyncGenerator<string> {
  for (let i = 0; ; i++) yield `${name}${i}`;
}

function never<T>(): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
}

async function take<T>(source: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of source) if (taken.push(item) === count) break;
  return taken;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('D4-24 createNodeIterator takes turns between the sources', () => {
  test('so that no source starves another', async () => {
    const items = await take(createNodeIterator([endless('a'), endless('b'), endless('c')]), 300);
    for (const name of 'abc') {
      expect(items.filter((item) => item.startsWith(name)).length).toBeGreaterThan(95);
    }
  });

  test('a fast source does not delay a slow one, and vice versa', async () => {
    const slow = from('xyz', turn);
    const seen: string[] = [];
    for await (const item of createNodeIterator([endless('a'), slow, never<string>()])) {
      seen.push(item);
      if (seen.filter((one) => 'xyz'.includes(one)).length === 3) break;
      if (seen.length % 10 === 0) await turn();
    }
    expect(seen.length).toBeLessThan(60);
  });

  test('until all have ended', async () => {
    expect((await take(createNodeIterator([from('abc'), from(''), from('d')]), 99)).sort().join('')).toBe('abcd');
    expect(await take(createNodeIterator([]), 1)).toEqual([]);
  });

  test('until the signal aborts', async () => {
    const stop = new AbortController();
    const items = take(createNodeIterator([never<string>(), never<string>()], { signal: stop.signal }), 1);
    await turn();
    stop.abort();
    expect(await items).toEqual([]);
    expect(await take(createNodeIterator([endless('a')], { signal: stop.signal }), 1)).toEqual([]);
  });

  test('and ends them when the consumer stops', async () => {
    const ended: string[] = [];
    const source = async function* (name: string): AsyncGenerator<string> {
      try {
        yield* endless(name);
      } finally {
        ended.push(name);
      }
    };
    await take(createNodeIterator([source('a'), source('b')]), 5);
    await turn();
    expect(ended.sort()).toEqual(['a', 'b']);
  });

  test('a failure ends the iterator, or its source alone with onError', async () => {
    const failing = (): AsyncIterable<string> => from('x', () => Promise.reject(new Error('no network')));
    await expect(take(createNodeIterator([endless('a'), failing()]), 50)).rejects.toThrow('no network');
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    expect(await take(createNodeIterator([endless('a'), failing()], { onError }), 50)).toHaveLength(50);
    expect(errors).toEqual([new Error('no network')]);
  });
});

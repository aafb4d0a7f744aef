import { expect, test } from 'vitest';
import { day, hour, known, populate, world } from './world.ts';

const keys = (nodes: readonly { id: Uint8Array }[]): string[] => nodes.map(({ id }) => id.join());

test.each<[number | undefined, number | undefined, number]>([
  [undefined, undefined, 92],
  [50, undefined, 50],
  [1000, 10, 40],
  [1000, 100, 400],
  [0, 100, 0],
])('AM-10 a sample of 400 nodes with limit %s and %s %% has %s', (limit, percent, expected) => {
  const { book } = world();
  populate(book, 400);
  const sample = book.sample(limit, percent);
  expect(sample.length).toBe(expected);
  expect(new Set(keys(sample)).size).toBe(expected);
  book.check();
});

test('AM-10 a sample has at most 1,000 nodes and differs each time', () => {
  const { book } = world({ sourceBurst: 1e6 });
  populate(book, 4400);
  expect(book.size).toBe(4400);
  const [a, b] = [book.sample(), book.sample()];
  expect([a.length, b.length]).toEqual([1000, 1000]);
  const both = new Set([...keys(a), ...keys(b)]);
  // The two have 23 % in common.
  expect(both.size).toBeGreaterThan(1690);
  expect(both.size).toBeLessThan(1900);
});

test('AM-10 terrible entries are replaced by others', async () => {
  const { clock, book } = world();
  populate(book, 200);
  await clock.advance(31 * day);
  const young = [20_001, 20_002, 20_003].map((n) => known(book, n));
  expect(keys(book.sample(1000, 100)).sort()).toEqual(young.map((one) => one.join()).sort());
});

test('AM-10 other nodes get the same sample for 21 to 27 hours', async () => {
  const lifetimes: number[] = [];
  for (let seed = 0; seed < 6; seed++) {
    const { clock, book } = world({ seed });
    populate(book, 400);
    const first = book.answer();
    expect(first.length).toBe(92);
    populate(book, 500);
    let hours = 0;
    while (book.answer() === first) {
      await clock.advance(hour / 4);
      hours += 1 / 4;
    }
    lifetimes.push(hours);
    expect(book.answer().length).toBeGreaterThan(92);
  }
  expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(21);
  expect(Math.max(...lifetimes)).toBeLessThanOrEqual(27.25);
  expect(new Set(lifetimes).size).toBeGreaterThan(2);
});

test('AM-10 the sample does not reveal our activity and is not cached while empty', () => {
  const { book } = world();
  expect(book.answer()).toEqual([]);
  const ids = populate(book, 20);
  book.good(ids[0] ?? new Uint8Array());
  const answer = book.answer();
  expect(answer.length).toBe(4);
  for (const node of answer) {
    expect(Object.keys(node).sort()).toEqual(['address', 'id', 'lastSeen', 'record']);
  }
});

test('AM-10 setting the wall clock does not renew the sample', () => {
  const { clock, book } = world();
  populate(book, 100);
  const answer = book.answer();
  clock.jump(10 * day);
  expect(book.answer()).toBe(answer);
});

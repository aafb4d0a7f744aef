import { expect, test } from 'vitest';
import { History } from '../src/policy/history.ts';

test('CM-12 CM-14 addresses expire, and their number is bounded', () => {
  const history = new History(1_000, 3);
  history.add('a', 0);
  history.add('b', 500);
  expect([history.has('a', 999), history.has('a', 1_000), history.has('b', 1_000)]).toEqual([true, false, true]);
  for (const key of ['c', 'd', 'e']) history.add(key, 600);
  expect(['a', 'b', 'c', 'd', 'e'].map((key) => history.has(key, 700))).toEqual([...[false, false, true, true, true]]);
  history.add('c', 700);
  history.add('f', 700);
  expect(['c', 'd', 'e', 'f'].map((key) => history.has(key, 1_599))).toEqual([...[true, false, true, true]]);
});

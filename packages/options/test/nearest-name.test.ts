import { expect, test } from 'vitest';
import { nearestName } from '../src/index.ts';

const names = ['port', 'bootnodes', 'handshakeTimeout', 'readTimeout'];

test.each([
  ['prot', 'port'],
  ['Port', 'port'],
  ['bootNodes', 'bootnodes'],
  ['handshakeTimout', 'handshakeTimeout'],
  ['timeout', undefined],
  ['readTimeouts', 'readTimeout'],
  ['p', undefined],
  ['', undefined],
  ['colour', undefined],
])('%j is nearest to %j', (word, name) => {
  expect(nearestName(word, names)).toBe(name);
});

test('the first of several equally near names', () => {
  expect(nearestName('abx', ['aby', 'abz'])).toBe('aby');
});

test('a word of any length', () => {
  expect(nearestName('x'.repeat(1_000_000), names)).toBeUndefined();
});
